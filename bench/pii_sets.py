"""The second measuring set: our own sentences (`pii_en.txt`, `pii_zh.txt`, which training never sees), values from Faker's providers of many
countries, written as people write them: forms, chats, mail headers, tables, capitals, full-width digits, a scanner's mistakes."""

import random
import re
from pathlib import Path

from faker import Faker

HERE = Path(__file__).parent
ORIGINS = ["en_US"] * 8 + ["en_GB"] * 5 + [
    "en_IN", "en_IN", "en_CA", "en_AU", "en_IE", "de_DE", "fr_FR", "es_ES", "es_MX", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "tr_TR",
    "vi_VN", "yo_NG", "fi_FI", "cs_CZ", "ro_RO", "hu_HU", "tw_GH",
]
PINYIN = ["Zhang Wei", "Li Na", "Wang Xiaoming", "Chen Jing", "Liu Yang", "Zhao Min", "Huang Lei", "Zhou Jie", "Xu Fang", "Sun Qiang"]


class English:
    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.fakes = {name: Faker(name) for name in sorted(set(ORIGINS))}
        for place, name in enumerate(sorted(self.fakes)):
            self.fakes[name].seed_instance(seed * 1000 + place)
        self.us, self.gb = self.fakes["en_US"], self.fakes["en_GB"]

    def first(self):
        return self.fakes[self.dice.choice(ORIGINS)].first_name()

    def last(self):
        return self.fakes[self.dice.choice(ORIGINS)].last_name()

    def person(self):
        if self.dice.random() < 0.05:
            return self.dice.choice(PINYIN)
        fake = self.fakes[self.dice.choice(ORIGINS)]
        if self.dice.random() < 0.1:
            return f"{fake.first_name()} {self.dice.choice('ABCDEFGHJKLMNPRSTW')}. {fake.last_name()}"
        return f"{fake.first_name()} {fake.last_name()}"

    def address(self):
        fake = self.dice.choice([self.us, self.us, self.gb])
        return fake.address().replace("\n", self.dice.choice([", ", ", ", " ", "\n"]))

    def phone(self):
        d = lambda n: "".join(self.dice.choice("0123456789") for _ in range(n))
        us = f"{self.dice.randint(201, 989)}", f"{self.dice.randint(200, 999)}", d(4)
        a, b, c = us
        return self.dice.choice([
            self.us.phone_number, self.us.phone_number, self.gb.phone_number,
            lambda: f"({a}) {b}-{c}", lambda: f"{a}-{b}-{c}", lambda: f"{a}.{b}.{c}", lambda: f"+1 {a} {b} {c}", lambda: f"+1{a}{b}{c}",
            lambda: f"1-{a}-{b}-{c}", lambda: f"07{d(3)} {d(6)}", lambda: f"+44 7{d(3)} {d(6)}", lambda: f"020 7{d(3)} {d(4)}",
            lambda: f"+49 30 {d(8)}", lambda: f"+33 6 {d(2)} {d(2)} {d(2)} {d(2)}", lambda: f"+34 6{d(2)} {d(3)} {d(3)}",
            lambda: f"0161 {d(3)} {d(4)}", lambda: f"+353 1 {d(3)} {d(4)}",
        ])()

    def dob(self):
        day = self.us.date_of_birth(minimum_age=1, maximum_age=95)
        return self.dice.choice([
            day.strftime(form) for form in
            ("%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d", "%B %d, %Y", "%d %B %Y", "%d-%b-%Y", "%d.%m.%Y", "%b %d, %Y", "%m/%d/%y", "%d %b %Y")
        ])

    def licence(self):
        d = lambda n: "".join(self.dice.choice("0123456789") for _ in range(n))
        letter = lambda: self.dice.choice("ABCDEFGHJKLMNPRSTVWY")
        return self.dice.choice([letter() + d(7), letter() + d(12), d(8), f"{letter()}{d(3)}-{d(4)}-{d(4)}", f"{letter()}{d(3)}-{d(3)}-{d(2)}-{d(3)}-0", d(9)])

    def passport(self):
        d = "".join(self.dice.choice("0123456789") for _ in range(9))
        return self.dice.choice([d, "C" + d[:8], "AB" + d[:7], "5" + d[:8]])

    def city(self):
        return self.dice.choice([self.us.city, self.gb.city, lambda: self.fakes["de_DE"].city(), lambda: self.fakes["en_CA"].city(),
                                 lambda: self.dice.choice(["London", "Chicago", "Leeds", "Boston", "Toronto", "Shanghai", "Munich", "Madrid", "Lagos", "Mumbai", "Austin", "Glasgow", "Sydney", "Kraków", "São Paulo", "Ankara", "Nairobi", "Osaka"])])()

    def initial(self):
        return self.dice.choice("ABCDEFGHJKLMNPRSTW")

    def value(self, slot):
        dice, us = self.dice, self.us
        plain = {
            "date": us.date, "title": lambda: dice.choice(["Mr", "Mrs", "Ms", "Mr.", "Dr."]), "initial": self.initial,
        }
        if slot in plain:
            return plain[slot](), None
        make, kind = {
            "person": (self.person, "person"), "first": (self.first, "person"), "last": (self.last, "person"),
            "PERSON": (lambda: self.person().upper(), "person"), "lperson": (lambda: self.person().lower(), "person"),
            "lfirst": (lambda: self.first().lower(), "person"), "lcity": (lambda: self.city().lower(), "place"),
            "org": (lambda: dice.choice([us, us, self.gb]).company(), "organization"), "city": (self.city, "place"),
            "country": (us.country, "place"), "address": (self.address, "address"), "phone": (self.phone, "phone"),
            "email": (us.email, "email"), "url": (us.url, "url"), "iban": (lambda: dice.choice([self.gb.iban, lambda: spaced(self.fakes["de_DE"].iban()), self.fakes["fr_FR"].iban])(), "iban"),
            "dob": (self.dob, "birth_date"), "ssn": (us.ssn, "ssn"), "ip": (lambda: us.ipv6() if dice.random() < 0.2 else us.ipv4_public(), "ip"),
            "mac": (us.mac_address, "mac"), "licence": (self.licence, "driver_licence"), "passport": (self.passport, "passport"),
            "card": (lambda: dice.choice([us.credit_card_number, lambda: spaced(us.credit_card_number("visa16"))])(), "credit_card"),
            "crypto": (lambda: "0x" + "".join(dice.choice("0123456789abcdef") for _ in range(40)), "crypto"),
            "gps": (lambda: f"{us.latitude()}, {us.longitude()}", "gps"), "mrn": (lambda: "8841930", "medical_id"),
        }[slot]
        return str(make()), kind


def spaced(number):
    return re.sub(r"(.{4})(?=.)", r"\1 ", number)


def scanner(text, gold, dice):
    """A recogniser's mistakes in the plain words: `rn` for `m`, `l` for `I`, doubled spaces; never inside a value."""
    spans = {at for start, end, _ in gold for at in range(start, end)}
    moved, out = {}, ""
    for at, letter in enumerate(text):
        moved[at] = len(out)
        if at not in spans and dice.random() < 0.03:
            letter = {"m": "rn", "I": "l", " ": "  ", "e": "c", "o": "0"}.get(letter, letter)
        out += letter
    moved[len(text)] = len(out)
    return out, [(moved[start], moved[end - 1] + 1, kind) for start, end, kind in gold]


def english(count, seed, fill):
    made, dice = English(seed), random.Random(seed + 1)
    templates = (HERE / "pii_en.txt").read_text(encoding="utf-8").splitlines()
    cases = []
    for place in range(count):
        text, gold = fill(templates[place % len(templates)].replace("\\n", "\n"), made.value)
        if dice.random() < 0.05:
            text, gold = scanner(text, gold, dice)
        cases.append((text, gold))
    return cases


def chinese(count, seed, fill, makers):
    dice, fake = random.Random(seed), Faker("zh_CN")
    fake.seed_instance(seed)
    templates = (HERE / "pii_zh.txt").read_text(encoding="utf-8").splitlines()
    own = makers(fake, dice)
    own["dob"] = lambda: fake.date_of_birth().strftime(dice.choice(["%Y-%m-%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y/%m/%d"]))
    own["passport"] = lambda: dice.choice(["E", "G", "EA", "EB"]) + str(dice.randint(10**6, 10**7 - 1)) + str(dice.randint(0, 9))
    own["wechat"] = lambda: dice.choice(["wx_", "a", "li"]) + fake.user_name().replace(".", "") + str(dice.randint(10, 99))
    own["qq"] = lambda: str(dice.randint(10**5, 10**10))

    def value(slot):
        word = own[slot]()
        if slot == "passport" and word[1].isalpha():
            word = word[:9]
        if slot in ("cn_id", "phone", "card") and dice.random() < 0.15:
            word = word.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
        return word, {"card": "bank_card", "dob": "birth_date"}.get(slot, slot)

    return [fill(templates[place % len(templates)], value) for place in range(count)]
