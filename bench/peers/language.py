"""PyTorch + PEFT make the steps that `adapter_steps` made: same weights, same first adapter, same tokens in the same order."""

import argparse
import json
import math
import resource
import time
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--out", type=Path)
parser.add_argument("--scores", action="store_true", help="compare scores too")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)

folder = arguments.folder
shape = json.loads((folder / "base/shape.json").read_text())
plan = json.loads((folder / "steps.json").read_text())
settings = plan["settings"]
weights = load_file(folder / "base/model.safetensors")
config = LlamaConfig(
    vocab_size=shape["vocabulary"], hidden_size=shape["width"], intermediate_size=shape["inner"],
    num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"],
    head_dim=shape["head"], max_position_embeddings=shape["context"], rms_norm_eps=shape["epsilon"],
    rope_theta=shape["theta"], tie_word_embeddings="lm_head.weight" not in weights,
)
model = LlamaForCausalLM(config).float()
model.load_state_dict(weights, strict=False)
model.tie_weights()
model.eval()
answer = {}
if arguments.scores:
    known = json.loads((folder / "scores.json").read_text())
    with torch.no_grad():
        last = model(input_ids=torch.tensor([known["tokens"]])).logits[0, -1]
    answer["scores_apart"] = float((last - torch.tensor(known["last"])).abs().max())
model = PeftModel.from_pretrained(model, folder / "first", is_trainable=True)
model.train()
own = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(own, lr=settings["learning_rate"], weight_decay=settings["weight_decay"])
total = plan["total"]
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * step / total)))
losses, seconds = [], []
for batch in plan["batches"][: arguments.steps]:
    begun = time.time()
    longest = max(len(one["tokens"]) for one in batch)
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    labels = torch.full((len(batch), longest), -100)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    for row, one in enumerate(batch):
        count = len(one["tokens"])
        tokens[row, :count] = torch.tensor(one["tokens"])
        mask[row, :count] = 1
        learnt = torch.tensor(one["learnt"])
        labels[row, :count] = torch.where(learnt, tokens[row, :count], torch.tensor(-100))
    loss = model(input_ids=tokens, attention_mask=mask, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(own, settings["clip"])
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    seconds.append(time.time() - begun)
    losses.append(float(loss))
    print(len(losses) - 1, round(losses[-1], 6), round(seconds[-1], 3), "s", flush=True)
answer.update(losses=losses, seconds=seconds, peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
ours = plan["losses"][: len(losses)]
answer["losses_apart"] = max(abs(a - b) for a, b in zip(ours, losses))
print("losses apart by at most", answer["losses_apart"])
if arguments.out:
    arguments.out.write_text(json.dumps(answer))
