#!/usr/bin/env python3
"""Writes support.jsonl: messages to a shop's desk, half English and half Chinese, and the JSON object that the desk files.

Everything is made up from a fixed seed: the same file every time. `python3 make_data.py [ROWS [SEED]] > support.jsonl`
"""

import json
import random
import sys

RANDOM = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 20260711)

NAMES = {
    "en": ["Alice Moore", "Ben Carter", "Chloe Diaz", "David Okafor", "Emma Novak", "Felix Brandt", "Grace Liu", "Henry Walsh",
           "Isla Grant", "Jack Turner", "Kara Singh", "Leo Romano", "Mia Larsen", "Noah Bennett", "Olivia Reyes", "Paul Keller"],
    "zh": ["王建国", "李秀英", "张伟", "刘洋", "陈静", "杨帆", "赵磊", "黄敏", "周涛", "吴霞", "徐强", "孙丽", "马超", "朱琳", "胡军", "郭芳"],
}
PRODUCTS = {
    "en": ["kettle", "lamp", "backpack", "blender", "keyboard", "monitor", "tent", "heater", "camera", "speaker", "desk", "chair"],
    "zh": ["电水壶", "台灯", "背包", "搅拌机", "键盘", "显示器", "帐篷", "取暖器", "相机", "音箱", "书桌", "椅子"],
}
INTENTS = {
    "refund": {
        "en": ["I want my money back for the {product}", "please refund the {product}", "the {product} is not what I expected, give me a refund"],
        "zh": ["我要退掉{product}并退款", "请把{product}的钱退给我", "{product}不满意，申请退款"],
    },
    "exchange": {
        "en": ["the {product} has the wrong size, I would like another one", "please swap the {product} for a new one", "can I exchange the {product}?"],
        "zh": ["{product}尺寸不对，想换一个", "请给我更换{product}", "{product}可以换货吗"],
    },
    "delivery": {
        "en": ["where is my {product}?", "the {product} has not arrived yet", "when will the {product} be delivered?"],
        "zh": ["我的{product}到哪里了", "{product}还没有送到", "{product}什么时候发货"],
    },
    "repair": {
        "en": ["the {product} stopped working, can you fix it?", "my {product} is broken and needs repair", "please repair the {product}"],
        "zh": ["{product}坏了，能修吗", "{product}不工作了，需要维修", "请帮我修理{product}"],
    },
}
URGENT = {"en": ["It is urgent.", "I need an answer today."], "zh": ["很着急。", "今天必须答复。"]}
CALM = {"en": ["No hurry.", "Thank you.", ""], "zh": ["不着急。", "谢谢。", ""]}
FRAMES = {
    "en": ["Hello, this is {name}. Order {order}: {wish}. {end}", "{wish}. My order is {order}. {end} Regards, {name}",
           "Hi, {name} here, {wish} (order {order}). {end}", "Order number {order}. {wish}. {end} {name}"],
    "zh": ["你好，我是{name}，订单{order}，{wish}。{end}", "{wish}，订单号{order}。{end}{name}",
           "我叫{name}，{wish}（订单{order}）。{end}", "订单{order}：{wish}。{end}联系人{name}"],
}


def row(number):
    language = ("en", "zh")[number % 2]
    intent = RANDOM.choice(sorted(INTENTS))
    product = RANDOM.choice(PRODUCTS[language])
    order = f"{RANDOM.choice('ABCDEFGHK')}{RANDOM.randrange(1000, 9999)}"
    name = RANDOM.choice(NAMES[language])
    urgent = RANDOM.random() < 0.4
    wish = RANDOM.choice(INTENTS[intent][language]).format(product=product)
    end = RANDOM.choice((URGENT if urgent else CALM)[language])
    text = RANDOM.choice(FRAMES[language]).format(name=name, order=order, wish=wish, end=end)
    if language == "en":
        text = " ".join(text.split())
        text = text[0].upper() + text[1:]
    answer = {"intent": intent, "order": order, "product": product, "urgent": urgent}
    return {"prompt": text, "answer": json.dumps(answer, ensure_ascii=False), "language": language}


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seen = set()
    number = 0
    while len(seen) < rows:
        made = row(number)
        if made["prompt"] in seen:
            continue
        seen.add(made["prompt"])
        number += 1
        print(json.dumps(made, ensure_ascii=False))


if __name__ == "__main__":
    main()
