"""How well `scan` finds personal data in text that its training never saw, and how often it errs on ordinary text.

    python -m venv V && V/bin/pip install faker presidio-analyzer && V/bin/pip install --no-deps presidio-evaluator
    sudo apt-get install debian-reference-zh-cn maint-guide-zh-cn debian-edu-doc-zh-cn        # texts of the false alarms
    cargo build -p ingot-privacy --example scan
    V/bin/python bench/pii.py target/debug/examples/scan [english|chinese|forms|false|speed ...] [--show N] [--write]

English: the sentence templates and identities that presidio-evaluator carries, numbers from Faker. Chinese: the sentences below,
values from Faker's zh_CN. A finding is right when type and place fit: an overlap of at least half of both counts. Types that are one
thing to a reader (place and address; bank and credit card) may stand for each other in English.
"""

import csv
import gettext
import html
import json
import random
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from faker import Faker

import pii_sets

PACKAGES = Path(sysconfig.get_paths()["purelib"])
RAW = PACKAGES / "presidio_evaluator" / "data_generator" / "raw_data"

CHINESE = """\
客户{person}（身份证号：{cn_id}）于今日致电，预留手机号{phone}。
{person}的住址是{address}，请核实。
收货人：{person}，电话：{phone}，地址：{address}
请将材料邮寄至{address}，收件人{person}收。
{person}在{organization}任职，邮箱{email}。
患者{person}因头痛三天就诊，联系电话 {phone}，家住{address}。
尊敬的{person}女士，您尾号的信用卡已还款，卡号{card}。
我叫{person}，在{organization}做会计，有问题打{phone}。
昨天{person}和{person}去银行办理了贷款。
借款人：{person}，证件号码{cn_id}，开户行账号{card}。
{person}老师通知{person}同学明天交作业。
经查，{person}驾驶车牌号为{plate}的小型轿车，与{person}发生碰撞。
甲方{organization}（统一社会信用代码{cn_uscc}）与乙方{person}签订合同。
听说{person}搬到了{address}，是真的吗？
学号登记：{person} {phone} {email}
请转告{person}，会议改到下午三点。
系统登录地址来自{ip}，操作员为{person}。
投保人{person}，被保险人{person}，身份证{cn_id}。
{organization}位于{address}。
该账户由{person}本人于柜台开立，卡号为{card}，身份证{cn_id}。
身份证{cn_id}已过期，请尽快更新。
社区工作人员走访了{address}的居民{person}。
联系方式：{phone}或{email}。
大家好，我是新来的{person}，请多关照。
快递显示由{person}代签收，送达{address}。
主治医师{person}建议住院观察。
{person}说他的车是{plate}，停在地下车库。
今天天气不错，适合出去散步，晚上一起吃火锅吧。
系统将在凌晨两点升级，届时服务暂停约三十分钟。
本季度销售额同比增长百分之十二，利润略有下降。
""".splitlines()

MAPPED = {
    "person": "person", "name": "person", "first_name": "person", "last_name": "person", "name_female": "person", "name_male": "person",
    "first_name_male": "person", "first_name_female": "person", "last_name_male": "person", "last_name_female": "person",
    "first_name_nonbinary": "person", "organization": "organization", "city": "place", "country": "place", "address": "address",
    "street_name": "address?", "credit_card_number": "credit_card", "phone_number": "phone", "email": "email", "url": "url", "iban": "iban",
    "date_of_birth": "birth_date", "ssn": "ssn", "ip_address": "ip", "us_driver_license": "driver_licence",
}
RESULT = {"sets": {}, "alarms": []}
ALIKE = [{"place", "address", "address?"}, {"bank_card", "credit_card"}]


def uscc(dice):
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    front = "91" + dice.choice(["110108", "310115", "440305", "330106"]) + "".join(dice.choice(alphabet) for _ in range(9))
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(front))
    return front + alphabet[(31 - total % 31) % 31]


def fill(template, value):
    """The text and its gold spans, from `{slot}`s."""
    text, gold, at = "", [], 0
    for slot in re.finditer(r"\{\{?(\w+)\}?\}", template):
        text += template[at : slot.start()]
        word, kind = value(slot[1])
        if kind:
            gold.append((len(text), len(text) + len(word), kind))
        text += word
        at = slot.end()
    return text + template[at:], gold


def makers_zh(fake, dice):
    return {
        "person": fake.name, "cn_id": fake.ssn, "phone": fake.phone_number, "address": fake.address, "organization": fake.company,
        "email": fake.email, "card": fake.credit_card_number, "plate": fake.license_plate, "ip": fake.ipv4, "cn_uscc": lambda: uscc(dice),
    }


def chinese(count, seed):
    dice, fake = random.Random(seed), Faker("zh_CN")
    fake.seed_instance(seed)
    makers = makers_zh(fake, dice)

    def value(slot):
        word = makers[slot]()
        if slot == "plate":
            word = word.replace("-", "·") if dice.random() < 0.5 else word.replace("-", "")
        if slot == "phone" and dice.random() < 0.3:
            word = dice.choice([f"{word[:3]} {word[3:7]} {word[7:]}", f"{word[:3]}-{word[3:7]}-{word[7:]}", "+86 " + word])
        if slot in ("cn_id", "phone") and dice.random() < 0.1:
            word = word.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
        return word, {"card": "bank_card"}.get(slot, slot)

    return [fill(dice.choice(CHINESE), value) for _ in range(count)]


def english(count, seed):
    dice, fake = random.Random(seed), Faker("en_US")
    fake.seed_instance(seed)
    templates = (RAW / "templates.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    people = list(csv.DictReader((RAW / "FakeNameGenerator.com_3000.csv").open(encoding="utf-8-sig")))
    firms = [row[0] for row in csv.reader((RAW / "companies_and_organizations.csv").open(encoding="utf-8")) if row and row[0]][1:]
    nations = list(csv.DictReader((RAW / "nationalities.csv").open(encoding="utf-8-sig")))

    def value(slot):
        who = dice.choice(people)
        get = lambda *names: next((who[name] for name in names if who.get(name)), "")
        own = {
            "person": lambda: f"{get('GivenName')} {get('Surname')}", "first_name": lambda: get("GivenName"), "last_name": lambda: get("Surname"),
            "city": lambda: get("City"), "country": lambda: get("CountryFull"), "phone_number": lambda: get("TelephoneNumber"),
            "organization": lambda: dice.choice(firms), "email": lambda: get("EmailAddress"), "street_name": lambda: re.sub(r"^[\d\W]+|[\d\W]+$", "", get("StreetAddress")),
            "address": lambda: f"{get('StreetAddress')}, {get('City')} {get('State')} {get('ZipCode')}".replace("  ", " "),
            "date_of_birth": lambda: get("Birthday"), "nationality": lambda: dice.choice(nations).get("nationality") or "French",
            "us_driver_license": lambda: fake.bothify("?#######").upper(), "prefix": lambda: get("Title"), "age": lambda: str(dice.randint(5, 90)),
            "secondary_address": fake.secondary_address, "building_number": fake.building_number, "job": lambda: get("Occupation") or fake.job(),
            "date_time": fake.date, "ip_address": fake.ipv4, "credit_card_number": fake.credit_card_number, "ssn": fake.ssn, "iban": fake.iban, "url": fake.url,
        }
        base = re.sub(r"_(fe)?male$|_nonbinary$", "", slot)
        base = {"name": "person"}.get(base, base)
        make = own.get(base) or getattr(fake, base, None)
        return str(make()) if make else "French", MAPPED.get(slot)

    return [fill(dice.choice(templates).replace("\\n", " ").replace("\\,", ","), value) for _ in range(count)]


def scan(tool, lines):
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        # A text of several lines is one record, as in a table's cell; the mark for its breaks is one character too.
        plain = (re.sub(r"[\r\x0b\x0c\x85\u2028\u2029]", " ", line).replace("\n", "\x1e") for line in lines)
        file.write("\n".join(plain) + "\n")
        file.flush()
        done = subprocess.run([tool, file.name], capture_output=True, text=True, check=True)
    found = defaultdict(list)
    for line in done.stdout.splitlines():
        finding = json.loads(line)
        found[finding["row"]].append((finding["start"], finding["end"], finding["type"], finding["score"]))
    return found


def alike(gold, found):
    return gold == found or any(gold in group and found in group for group in ALIKE)


def judge(title, tool, cases, show):
    found = scan(tool, [text for text, _ in cases])
    right, wrong, missed, samples = Counter(), Counter(), Counter(), defaultdict(list)
    for row, (text, gold) in enumerate(cases):
        left = list(found[row])
        for start, end, kind in gold:
            # A street, town or country inside a found address is found.
            if kind in ("place", "address?") and any(f[2] == "address" and f[0] <= start and end <= f[1] for f in found[row]):
                right[kind] += 1
                left = [f for f in left if not (f[2] == "address" and f[0] <= start and end <= f[1])]
                continue
            hit = next(
                (f for f in left if alike(kind, f[2]) and 2 * (min(end, f[1]) - max(start, f[0])) >= max(end - start, f[1] - f[0])), None
            )
            if hit:
                right[kind] += 1
                left.remove(hit)
            elif kind != "address?":
                missed[kind] += 1
                samples["missed " + kind].append(f"{text[start:end]!r} in {text[:90]!r} {left}")
            else:
                missed[kind] += 1
        for start, end, kind, _ in left:
            wrong[kind] += 1
            samples["wrong " + kind].append(f"{text[start:end]!r} in {text[:90]!r}")

    def line(name, tp, fp, fn):
        p, r = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
        f = lambda b: (1 + b * b) * p * r / max(b * b * p + r, 1e-9)
        print(f"  {name:16} n={tp + fn:5}  P={p:.3f}  R={r:.3f}  F1={f(1):.3f}  F2={f(2):.3f}")

    # Strict: the same type and the same first and last character, a street alone counts as an address, nothing stands for another.
    exact = claimed = wanted = 0
    for row, (_, gold) in enumerate(cases):
        want = {(start, end, kind.rstrip("?")) for start, end, kind in gold}
        have = {(start, end, kind) for start, end, kind, _ in found[row]}
        exact, claimed, wanted = exact + len(want & have), claimed + len(have), wanted + len(want)

    print(title)
    for kind in sorted(set(right) | set(wrong) | set(missed)):
        line(kind, right[kind], wrong[kind], missed[kind])
    RESULT["sets"][title] = [(kind, right[kind], wrong[kind], missed[kind]) for kind in sorted(set(right) | set(wrong) | set(missed))]
    RESULT["sets"][title].append(("all", sum(right.values()), sum(wrong.values()), sum(missed.values())))
    RESULT["sets"][title].append(("all, strict", exact, claimed - exact, wanted - exact))
    line("all", sum(right.values()), sum(wrong.values()), sum(missed.values()))
    line("all, strict", exact, claimed - exact, wanted - exact)
    for name, lines in sorted(samples.items()):
        for sample in lines[:show]:
            print(f"    {name}: {sample}")


def prose(kind):
    """Ordinary text that is on the machine: the standard library's code, licences, documentation; Chinese from installed packages."""
    library = Path(sysconfig.get_paths()["stdlib"])
    if kind == "code":
        return "\n".join(p.read_text(encoding="utf-8", errors="ignore") for p in sorted(library.glob("*.py"))[:170])
    if kind == "english":
        # Copyright files, change logs and credits are lists of real persons and say nothing about false alarms.
        lists = re.compile(r"change|news|author|thanks|credit|contribut|copyright|maintain|history|relnotes", re.I)
        roots = [Path("/usr/share/doc"), Path("/usr/share/common-licenses")]
        names = ("*.md", "*.rst", "*.txt", "README*", "GPL*", "LGPL*", "Apache*")
        files = sorted({p for root in roots for name in names for p in root.rglob(name) if p.is_file() and p.suffix != ".gz" and not lists.search(str(p))})
        return "\n".join(p.read_text(encoding="utf-8", errors="ignore")[:20000] for p in files)[:5_000_000]
    if kind == "perl":
        files = sorted({p for root in ("/usr/share/perl", "/usr/lib") for p in Path(root).rglob("*.pod")})
        return "\n".join(p.read_text(encoding="utf-8", errors="ignore") for p in files)
    if kind == "chinese documents":
        roots = [Path("/usr/share/debian-reference"), *Path("/usr/share/doc").glob("*-zh-cn")]
        files = sorted({p for root in roots for p in root.rglob("*.html") if "zh-cn" in f"{p.parent.name}{p.name}"})
        return "\n".join(line for p in files for line in read(p.read_text(encoding="utf-8", errors="ignore")) if re.search("[\u4e00-\u9fff]", line))
    # What programs say in Chinese; the catalogues of countries, languages and keyboards are lists of names.
    roots = ("/usr/share/locale/zh_CN", "/usr/share/locale/zh_Hans")
    files = sorted(p for root in roots for p in Path(root).rglob("*.mo") if not p.name.startswith(("iso_", "xkeyboard")))
    catalogues = (gettext.GNUTranslations(p.open("rb"))._catalog for p in files)
    return "\n".join(said for catalogue in catalogues for key, said in catalogue.items() if key and isinstance(said, str))


def read(page):
    """The lines that a page of HTML shows."""
    page = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.S)
    page = re.sub(r"<(?:p|li|td|th|h\d|div|dt|dd|pre|tr|br|title)\b[^>]*>", "\n", page)
    return html.unescape(re.sub(r"<[^>]+>", "", page)).splitlines()


def standing():
    """Types and words that were read in their places and found to be what the type says; see the head of the file."""
    lines = (Path(__file__).parent / "pii_stands.tsv").read_text(encoding="utf-8").splitlines()
    return {tuple(line.split("\t")) for line in lines if line and not line.startswith("#")}


def false_alarms(tool, show):
    known = standing()
    RESULT["standing"] = len(known)
    for kind in ("code", "english", "perl", "chinese", "chinese documents"):
        text = prose(kind)
        lines = re.split(r"[\n\r\x0b\x0c\x85\u2028\u2029]+", text)
        size = sum(len(line.encode()) + 1 for line in lines)
        found = scan(tool, lines)
        counts, alarms = Counter(), Counter()
        for row, findings in found.items():
            for start, end, what, _ in findings:
                counts[what] += 1
                # An address of a machine is one, wherever it stands.
                alarms[what] += what not in ("url", "email", "ip", "mac") and (what, lines[row][start:end]) not in known
        total = sum(counts.values()) - counts["url"] - counts["email"]
        wrong = sum(alarms.values())
        if size > 1:
            RESULT["alarms"].append((kind, size, total, wrong))
        rate = lambda count: f"{count / max(size, 1) * 1e4:.2f}"
        print(f"{kind}: {size / 1e6:.1f} MB, per 10 kB: {rate(wrong)} false, {rate(total)} found without url and email {dict(counts)}, false {dict(+alarms)}")
        dice, seen = random.Random(1), Counter()
        for row in sorted(found, key=lambda row: dice.random()):
            for start, end, what, _ in found[row]:
                if what in ("url", "email", "ip", "mac") or (what, lines[row][start:end]) in known:
                    continue
                seen[what] += 1
                if seen[what] <= show:
                    print(f"    {what}: {lines[row][start:end]!r} in {lines[row][max(0, start - 30) : end + 20]!r}")


def presidio():
    """Presidio's predefined recognisers that are patterns and checksums, without a language model."""
    import tldextract
    from presidio_analyzer import predefined_recognizers as known

    # The list of top domains that comes with the package; nothing is fetched.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

    names = ("CreditCard", "Email", "Iban", "Ip", "UsSsn", "Phone", "Url", "Crypto", "Date", "UsBank", "UsPassport", "UsLicense", "UsItin",
             "NhsRecognizer", "MedicalLicense", "UkNino")
    made = []
    for name in names:
        kind = getattr(known, name if name.endswith("Recognizer") else name + "Recognizer", None)
        if kind:
            made.append(kind())
    return made


def speed(tool):
    """Bytes a second of one processor, of Ingot (its start included) and of Presidio's patterns, in turns over the same text; the median of three rounds.

    Processor time, so that what else runs on the machine matters less."""
    text = prose("code")[:2_000_000] + prose("english")[:1_000_000]
    text += "".join(line.replace("\n", " ") + "\n" for line, _ in chinese(20000, 3) + english(20000, 3))
    lines = text.splitlines()
    random.Random(5).shuffle(lines)
    text = "\n".join(lines) + "\n"
    recognisers = presidio()
    share, size = [], 0
    for line in lines:
        if size > 40_000:
            break
        share.append(line)
        size += len(line.encode()) + 1
    ways = {"Ingot, patterns": ["--patterns", "--serial"], "Ingot, patterns and taggers": ["--serial"]}
    rates = defaultdict(list)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        for _ in range(3):
            for name, options in ways.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run([tool, "--time", *options, file.name], capture_output=True, check=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                rates[name].append(len(text.encode()) / seconds)
            start = time.process_time()
            for line in share:
                for recogniser in recognisers:
                    recogniser.analyze(line, recogniser.supported_entities, None)
            rates["Presidio, patterns"].append(size / (time.process_time() - start))
    middle = {name: sorted(values)[1] for name, values in rates.items()}
    RESULT["speed"] = {"bytes": len(text.encode()), "recognisers": len(recognisers), "bytes_per_second": middle}
    for name, rate in middle.items():
        print(f"{name}: {rate / 1e6:.2f} MB/s")
    print(f"patterns against Presidio: {middle['Ingot, patterns'] / middle['Presidio, patterns']:.0f} ×")


def speeds(speed):
    """The page's part about speed."""
    rates = speed["bytes_per_second"]
    out = ["## Speed", "", f"{speed['bytes'] / 1e6:.1f} MB of code, documentation and the sets above; Presidio's {speed['recognisers']} pattern recognisers, called directly without a language",
            "model, in turns with Ingot on a share of the same lines; medians of three rounds. Processor time of one core, Ingot's start included.", "", "| | MB a processor second |", "|---|---:|"]
    out += [f"| {name} | {rate / 1e6:.3f} |" for name, rate in rates.items()]
    out += ["", f"Ingot's patterns are {rates['Ingot, patterns'] / rates['Presidio, patterns']:.0f} times as fast as Presidio's.", ""]
    return out


def page():
    """docs/benchmarks-privacy.md and the counts that the residual risk is reckoned from."""
    root = Path(__file__).parent.parent
    out = ["# Benchmarks: detection of personal data", "", "<!-- Written by bench/pii.py; do not edit. -->", ""]
    out += [
        "`python bench/pii.py TOOL --write` measures and writes this page. No sentence of these sets is in the training text; a finding is right when type",
        "and place fit (at least half of both overlap), strict when type and both ends are the same. Residual risk is reckoned from",
        "the recalls here (`crates/privacy/src/detect/data/quality.csv`).", "",
    ]
    for title, rows in RESULT["sets"].items():
        out += [f"## {title}", "", "| type | n | precision | recall | F1 | F2 |", "|---|---:|---:|---:|---:|---:|"]
        for name, tp, fp, fn in rows:
            p, r = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
            f = lambda b: (1 + b * b) * p * r / max(b * b * p + r, 1e-9)
            out.append(f"| {name} | {tp + fn} | {p:.3f} | {r:.3f} | {f(1):.3f} | {f(2):.3f} |")
        out.append("")
    out += ["## False alarms", ""]
    out += [
        "Findings a 10 kB of ordinary text: Python's standard library; the English documentation and licences that Debian installs; Perl's",
        "documentation; what Debian's programs say in Chinese; Debian's guides in Chinese. All but the last are no blind test: rules and word lists were mended with",
        "these texts in sight, with Perl's only towards the end. Web and mail addresses aside, most of what is found in English is there: authors, their firms, an office in Boston.",
        "What stands in the text is no false alarm:",
        f"addresses of machines, and the {RESULT['standing']} names and addresses of `bench/pii_stands.tsv`, which were read in their places one by one by the rule",
        "at the head of that file. Everything else counts as false, also a name that nobody has read yet.", "",
    ]
    out += ["| text | MB | found | false |", "|---|---:|---:|---:|"]
    whole = ("all", *(sum(part) for part in list(zip(*RESULT["alarms"]))[1:]))
    out += [f"| {kind} | {size / 1e6:.1f} | {total / size * 1e4:.2f} | {wrong / size * 1e4:.2f} |" for kind, size, total, wrong in [*RESULT["alarms"], whole]] + [""]
    speed = RESULT.get("speed")
    if speed:
        out += speeds(speed)
    else:
        before = (root / "docs" / "benchmarks-privacy.md").read_text(encoding="utf-8").partition("## Speed\n")[2]
        told = "Measured apart, with an earlier state of the detectors than the figures above."
        out += ["## Speed", "", told, "", before.replace(told, "").strip(), ""]
    (root / "docs" / "benchmarks-privacy.md").write_text("\n".join(out), encoding="utf-8")
    counts = Counter()
    for title, rows in RESULT["sets"].items():
        for name, tp, _, fn in rows:
            if not name.startswith("all"):
                counts[name.rstrip("?"), "found"] += tp
                counts[name.rstrip("?"), "of"] += tp + fn
    kinds = sorted({kind for kind, _ in counts})
    lines = ["type,found,of"] + [f"{kind},{counts[kind, 'found']},{counts[kind, 'of']}" for kind in kinds if counts[kind, "of"]]
    (root / "crates/privacy/src/detect/data/quality.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    tool, parts = sys.argv[1], [word for word in sys.argv[2:]]
    show = int(parts[parts.index("--show") + 1]) if "--show" in parts else 0
    chosen = [word for word in parts if word in ("chinese", "english", "forms", "false", "speed")]
    wanted = lambda part: not chosen or part in chosen
    if wanted("chinese"):
        judge("Chinese", tool, chinese(3000, 7), show)
    if wanted("english"):
        judge("English", tool, english(3000, 7), show)
    if wanted("forms"):
        judge("English, forms and chats", tool, pii_sets.english(3000, 11, fill), show)
        judge("Chinese, forms and chats", tool, pii_sets.chinese(3000, 11, fill, makers_zh), show)
    if wanted("false"):
        false_alarms(tool, show)
    if wanted("speed"):
        speed(tool)
    if "--write" in parts and (not chosen or set(chosen) >= {"chinese", "english", "forms", "false"}):
        page()


if __name__ == "__main__":
    main()
