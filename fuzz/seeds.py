"""Small right inputs to begin from, one folder a target below the folder that is named: `python3 fuzz/seeds.py fuzz/corpus`."""

import base64
import pathlib
import pickle
import struct
import sys
import types
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def recipes():
    paths = [*ROOT.glob("verticals/*/ingot.toml"), *ROOT.glob("examples/*/ingot.toml"), ROOT / "crates/recipe/tests/it/full.toml"]
    return [path.read_bytes() for path in paths]


TEXTS = [
    "患者张伟，身份证11010519491231002X，电话138-0013-8000，邮箱zhang@corp.cn，卡号4111 1111 1111 1111。",
    "家住北京市朝阳区建国路88号院3单元502室，微信号：abc_12345，车牌京A·12345，统一社会信用代码91110000600037341L",
    "Dear Jane Smith, the parcel of Nordic Pump Ltd waits at 12 Mill Lane, Oxford. Call (212) 555-0143.",
    "postgres://u:p4ss@db.local/x -----BEGIN RSA PRIVATE KEY-----\nAKIA0123456789ABCDEF eyJhbGciOiJIUzI1NiJ9.e30.abc",
    "IBAN DE89 3704 0044 0532 0130 00, SSN 078-05-1120, 192.168.0.1, fe80::1, 00:1B:44:11:3A:B7, 52.3702, 4.8952, born 1985-07-03",
    "手机１３８ 0013–8000 身份证 1101 0519 4912 3100 2X\n护照E12345678 QQ 123456789",
]
CELLS = ["1985-07-03\n19850703\n2024/2/29\nsoon\n", "6222-0200-0112\n12345\n１２３４５６\n", "110105194912310021\n4111111111111111\n张伟\n"]
TABLES = [
    "a2100\nnurse;health;*\ndoctor;health;*\nclerk;office;*\n\nnurse;1985-07-03;y\ndoctor;1985-07-04;n\nclerk;1990-01-01;y\nclerk;1990-01-01;n\n",
    "b1111\na;ab;*\nb;ab;*\nc;cd;*\n;?;*\n\na;10001;1\nb;10002;2\nc;20001;1\n;20002;3\na;10001;2\n",
]
TEMPLATES = [
    "hi\n\n{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}{% endfor %}{% if add_generation_prompt %}<|a|>{% endif %}",
    "hi\n\n{{ bos_token }}{% for m in messages if m.role != 'odd' %}{{ m['content'].strip() + eos_token }}{% endfor %}{{ tools | tojson }}",
    "hi\n\n{% if messages[0].role == 'x' %}{{ raise_exception('no') }}{% endif %}{% set n = namespace(i=0) %}{{ n.i }}{{ messages | length }}",
]

DOCUMENTS = [
    '{"messages":[{"role":"user","content":"证件：\\n1101"},{"n":1.50e-3}],"a":null,"b":[true,false]}',
    '{"a":"\\u5f20\\ud83d\\ude00\\\\ \\" /"}\n{"13812345678":-0}\n"text"\n',
    '[{"x":[[],{}]},[1,2]]',
]


def png(colour, depth, pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 2, 2, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


PICTURES = [
    png(2, 8, b"\0" + bytes(range(6)) + b"\1" + bytes(range(6))),
    png(6, 8, b"\0" + bytes(range(8)) + b"\2" + bytes(range(8))),
    png(0, 1, b"\0\x80\0\x40"),
    base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"),
    base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="),
    base64.b64decode(
        "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP" + "/" * 86 + "wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
    ),
]


def gguf():
    def text(value):
        return struct.pack("<Q", len(value)) + value

    entries = [
        text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama"),
        text(b"general.alignment") + struct.pack("<II", 4, 32),
        text(b"llama.context_length") + struct.pack("<II", 4, 128),
        text(b"llama.embedding_length") + struct.pack("<II", 4, 64),
        text(b"llama.block_count") + struct.pack("<II", 4, 1),
        text(b"llama.feed_forward_length") + struct.pack("<II", 4, 64),
        text(b"llama.attention.head_count") + struct.pack("<II", 4, 4),
        text(b"tokenizer.chat_template") + struct.pack("<I", 8) + text(b"{{ messages }}"),
        text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text(b"a") + text(b"b"),
    ]
    tensors = [text(b"token_embd.weight") + struct.pack("<IQQIQ", 2, 8, 2, 0, 0), text(b"b") + struct.pack("<IQIQ", 1, 32, 8, 64)]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries) + b"".join(tensors)
    head += b"\0" * (-len(head) % 32)
    return head + b"\0" * 128


def onnx():
    def varint(value):
        out = b""
        while value > 127:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    def field(tag, value):
        if isinstance(value, int):
            return varint(tag << 3) + varint(value)
        return varint(tag << 3 | 2) + varint(len(value)) + value

    def value(name, dims):
        shape = b"".join(field(1, field(1, dim)) for dim in dims)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    weight = field(1, 3) + field(1, 2) + field(2, 1) + field(8, b"w") + field(9, struct.pack("<6f", *range(6)))
    product = field(1, b"x") + field(1, b"w") + field(2, b"h") + field(3, b"product") + field(4, b"MatMul")
    relu = field(1, b"h") + field(2, b"y") + field(3, b"relu") + field(4, b"Relu")
    graph = field(1, product) + field(1, relu) + field(2, b"g") + field(5, weight)
    graph += field(11, value(b"x", [1, 3])) + field(12, value(b"y", [1, 2]))
    return field(1, 8) + field(2, b"seed") + field(7, graph) + field(8, field(1, b"") + field(2, 17))


def checkpoint():
    """PyTorch's first format, written by pickle itself around classes of the names that it uses."""
    names = {"torch": types.ModuleType("torch"), "torch._utils": types.ModuleType("torch._utils")}
    sys.modules.update(names)

    def rebuild(*_):
        raise NotImplementedError

    rebuild.__module__, rebuild.__name__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2", "_rebuild_tensor_v2"
    names["torch._utils"]._rebuild_tensor_v2 = rebuild
    storage = type("FloatStorage", (), {"__module__": "torch"})
    names["torch"].FloatStorage = storage

    class Tensor:
        def __reduce__(self):
            return rebuild, (Storage(), 0, (2, 2), (2, 1), False, {})

    class Storage:
        pass

    import io

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", storage, "0", "cpu", 4, None) if isinstance(value, Storage) else None

    def dumped(value):
        out = io.BytesIO()
        Pickler(out, 2).dump(value)
        return out.getvalue()

    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [dumped(part) for part in (0x1950A86A20F9469CFC6C, 1001, system, {"w": Tensor()}, ["0"])]
    return b"".join(parts) + struct.pack("<Q4f", 4, 1.0, 2.0, 3.0, 4.0)


SEEDS = {
    "recipe": recipes,
    "detect": lambda: [text.encode() for text in TEXTS],
    "columns": lambda: [text.encode() for text in [*CELLS, *TEXTS]],
    "anonymity": lambda: [text.encode() for text in TABLES],
    "forest": lambda: [(ROOT / "crates/runtime/tests/it/small.txt").read_bytes()],
    "onnx": lambda: [onnx()],
    "pytorch": lambda: [checkpoint()],
    "gguf": lambda: [gguf()],
    "chat": lambda: [text.encode() for text in TEMPLATES],
    "package": lambda: [b"\0\0\0m", b"\0\2\0x\0\4\0y"],
    "image": lambda: PICTURES,
    "json": lambda: [text.encode() for text in DOCUMENTS],
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for target, seeds in SEEDS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (folder / target / f"seed-{number}").write_bytes(seed)


main()
