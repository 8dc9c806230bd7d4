"""Compute the committed reference vectors with an implementation that shares nothing with ours.

Needs torch and transformers, which Parley does not install; in an environment of their own:

    python -m venv reference-venv && reference-venv/bin/pip install torch transformers safetensors
    parley model weights MODEL_FOLDER
    reference-venv/bin/python -P workers/modelling/encoder/make_reference.py MODEL_FOLDER

Writes reference.npz beside this file: `texts`, `ids` and `lengths` by the model's own tokenizer,
`answer` (the mean of the last hidden states, length 1) and `tone` (the mean after layer 2, as it
is). For an MPNet folder, such as the parts of requirements/large.txt joined and unpacked, it writes
reference-large.npz, without tones.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

TONE_LAYERS = 2
TEXTS = (
    "Hi",
    "ok",
    "Where is my parcel?",
    "where's my order, it should have come yesterday",
    "I want my money back.",
    "How do I reset my password?",
    "Can I pay by invoice instead of card?",
    "The app keeps logging me out every single time I open it!",
    "Do you ship to Norway, and what does it cost?",
    "I was charged twice for order 48213-A.",
    "Please delete my account and everything you know about me",
    "thanks, that worked :)",
    "This is the third time I'm asking. Nobody answers!!!",
    "Change delivery address",
    "What is your return policy for shoes I have worn once?",
    "My voucher SPRING25 is not accepted at checkout",
    "A mug arrived broken, what now",
    "are you a robot?",
    "Let me talk to a human please",
    "Is the jacket in green available in size M again soon?",
    "I never received the confirmation e-mail.",
    "Can I cancel an order that has already been packed?",
    "the courier says delivered but there is nothing at my door",
    "How long does a refund take?",
    "Please send the receipt to my accountant at the office.",
    "Ist der Versand nach Österreich kostenlos?",
    "¿Dónde está mi pedido?",
    "Naïve café façade déjà vu",
    "so so happy with the blue kettle, best purchase this year",
    "refund refund refund refund",
    "12345 67890 24.12. 18:30",
    "price < 20 & colour != red ?",
    "antidisestablishmentarianism uncharacteristically",
    "第三 次 下单",
    "Why does the site want my date of birth when I only buy a pair of socks?",
    "I ordered two lamps and got three; should I send one back or may I keep it?",
    "Your last mail said Tuesday, the tracking page says Friday, and the courier on the phone said "
    "that the parcel is still in the warehouse. Which of these is true, and what do I have to do "
    "to get it before the weekend?",
    "Hello, I bought a coffee machine from you in March, and since last week it leaks from below "
    "whenever I make more than one cup. I have cleaned the tray and changed the seal as your "
    "guide says, but it still leaks. I have the receipt and the box. I would like a repair, or "
    "else a new machine of the same kind, and I want to know who pays for the postage, how long "
    "this will take, and whether I get another machine in the meantime, since we have guests "
    "next week and everybody drinks coffee.",
    "It works now. Sorry for the noise, and have a nice day",
    "gift wrap?",
)


def main(folder: Path) -> None:
    """Write the reference of the model in `folder`."""
    import torch  # type: ignore[import-not-found]
    from transformers import (  # type: ignore[import-not-found]
        AutoModel,
        AutoTokenizer,
    )

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    is_large = model.config.model_type == "mpnet"
    inputs = tokenizer(list(TEXTS), padding=True, truncation=True, max_length=128)
    ids, mask = (torch.tensor(inputs[name]) for name in ("input_ids", "attention_mask"))
    with torch.no_grad():
        states = model(ids, attention_mask=mask, output_hidden_states=True).hidden_states
    answer = _mean(states[-1], mask)
    tone = {} if is_large else {"tone": _mean(states[TONE_LAYERS], mask)}
    np.savez_compressed(
        Path(__file__).with_name("reference-large.npz" if is_large else "reference.npz"),
        texts=np.array(TEXTS),
        ids=np.array(ids.tolist(), np.int32),
        lengths=np.array(mask.sum(1).tolist(), np.int32),
        answer=answer / np.linalg.norm(answer, axis=1, keepdims=True),
        **tone,
    )


def _mean(states: Any, mask: Any) -> Any:
    weights = mask[..., None].to(states.dtype)
    mean = (states * weights).sum(1) / weights.sum(1)
    return np.array(mean.tolist(), np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
