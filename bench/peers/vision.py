"""The peers of bench/vision.sh: PyTorch training a head on a frozen MobileNetV2, torchvision's own logits, a bare loop."""

import io
import json
import random
import sys
import threading
import time
from pathlib import Path

EPOCHS, BATCH = 5, 32
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def network(weights):
    import torch
    import torchvision

    torch.set_num_threads(2)
    net = torchvision.models.mobilenet_v2()
    net.load_state_dict(torch.load(weights, weights_only=True))
    return net.eval()


def pictures(folder):
    from torchvision import datasets, transforms as t

    change = t.Compose(
        [t.Resize(256), t.CenterCrop(224), t.ToTensor(), t.Normalize(MEAN, DEVIATION)]
    )
    return datasets.ImageFolder(folder, change)


def train(folder, weights, keep):
    """Five epochs of Adam on one dense layer; features are kept after the first pass, or made anew in each."""
    import torch
    import torchvision.datasets  # noqa: F401  imported before the clock starts

    begun = time.time()
    net, data = network(weights), pictures(folder)
    order = list(range(len(data)))
    random.Random(42).shuffle(order)
    cut = len(order) * 4 // 5
    head = torch.nn.Linear(1280, 1)
    adam, loss = torch.optim.Adam(head.parameters(), 1e-3), torch.nn.BCEWithLogitsLoss()

    def batches(rows, shuffle):
        part = torch.utils.data.Subset(data, rows)
        return torch.utils.data.DataLoader(part, BATCH, shuffle=shuffle, num_workers=2)

    def features(images):
        with torch.no_grad():
            return net.features(images).mean((2, 3))

    def step(x, y):
        adam.zero_grad()
        loss(head(x)[:, 0], y.float()).backward()
        adam.step()

    if keep:
        kept = [(features(x), y) for x, y in batches(order[:cut], False)]
        xs, ys = torch.cat([x for x, _ in kept]), torch.cat([y for _, y in kept])
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(xs)).split(BATCH):
                step(xs[rows], ys[rows])
    else:
        for _ in range(EPOCHS):
            for x, y in batches(order[:cut], True):
                step(features(x), y)
    right = sum(((head(features(x))[:, 0] > 0).long() == y).sum().item() for x, y in batches(order[cut:], False))
    return {"accuracy": right / (len(order) - cut), "seconds": time.time() - begun}


def parity(folder, weights, model):
    """The last map of the exported network against torchvision's on the same pixels, carried through torchvision's own classifier."""
    import onnx
    import onnxruntime
    import torch

    onnx.checker.check_model(onnx.load(model))
    net, data = network(weights), pictures(folder)
    images = torch.stack([data[at][0] for at in range(0, len(data), max(1, len(data) // 25))])
    ours = torch.tensor(onnxruntime.InferenceSession(model).run(["map"], {"image": images.numpy()})[0])
    with torch.no_grad():
        difference = (net.classifier(ours.mean((2, 3))) - net(images)).abs().max().item()
    return {"pictures": len(images), "logits_difference": difference}


def ends(weights, told):
    """From JPEG files to the thousand logits: Pillow's decoder, torchvision's transforms and network against Ingot's own. `told` is a
    file of what `ingot bench network` shows: each picture's file, its view as Ingot prepared it, and Ingot's logits."""
    import numpy
    import torch
    from PIL import Image, ImageOps
    from torchvision import transforms as t

    net, shown = network(weights), json.loads(Path(told).read_text())
    view = t.Compose([t.Resize(256), t.CenterCrop(224)])
    numbers = t.Compose([t.ToTensor(), t.Normalize(MEAN, DEVIATION)])
    steps, moved, logits = 0, 0.0, 0.0
    for one in shown:
        theirs = view(ImageOps.exif_transpose(Image.open(one["file"])).convert("RGB"))
        bytes_of = lambda image: numpy.asarray(image.convert("RGB"), numpy.int16)
        apart = numpy.abs(bytes_of(theirs) - bytes_of(Image.open(one["view"])))
        steps, moved = max(steps, int(apart.max())), moved + float(apart.mean())
        with torch.no_grad():
            difference = net(numbers(theirs)[None])[0] - torch.tensor(one["logits"])
        logits = max(logits, difference.abs().max().item())
    return {"pictures": len(shown), "logits_difference": logits, "steps": steps, "mean_steps": moved / len(shown)}


def loop(picture, model, seconds=8.0):
    """Decode, prepare and run in a bare loop, one thread a core of two."""
    import numpy
    import onnxruntime
    from PIL import Image

    data = Path(picture).read_bytes()
    mean, deviation = (numpy.array(v, numpy.float32) for v in (MEAN, DEVIATION))

    def prepared():
        image = Image.open(io.BytesIO(data)).convert("RGB")
        short = min(image.size)
        image = image.resize([side * 256 // short for side in image.size], Image.BILINEAR)
        left, top = ((side - 224) // 2 for side in image.size)
        pixels = numpy.asarray(image.crop((left, top, left + 224, top + 224)), numpy.float32) / 255
        return numpy.ascontiguousarray(((pixels - mean) / deviation).transpose(2, 0, 1))[None]

    counts, end = [0, 0], time.time() + seconds

    def run(slot):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options)
        while time.time() < end:
            session.run(["scores"], {"image": prepared()})
            counts[slot] += 1

    threads = [threading.Thread(target=run, args=(slot,)) for slot in range(2)]
    begun = time.time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"per_second": sum(counts) / (time.time() - begun)}


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    parts = {
        "kept": lambda: train(*words, True),
        "anew": lambda: train(*words, False),
        "parity": lambda: parity(*words),
        "ends": lambda: ends(*words),
        "loop": lambda: loop(*words),
    }
    print(json.dumps(parts[what]()))
