"""The tokenizer of a source, as one `tokenizer.json`."""

from pathlib import Path

import msgspec

from shared.errors import ModelError
from workers.engines.files import read_file
from workers.modelling.encoder.weights import Source


def write_tokenizer(source: Source, path: Path) -> None:
    """Copy tokenizer.json, or make it of vocab.txt; without padding or truncation either way."""
    from tokenizers import Tokenizer

    ready = source.folder / "tokenizer.json"
    try:
        text = read_file(ready).decode() if ready.exists() else _from_vocabulary(source)
        tokenizer = Tokenizer.from_str(text)
    except ModelError:
        raise
    except Exception as error:  # tokenizers raises plain Exception
        raise ModelError(f"{source.folder} holds no tokenizer that can be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    path.write_text(tokenizer.to_str(), encoding="utf-8")


def _from_vocabulary(source: Source) -> str:
    from tokenizers.implementations import BertWordPieceTokenizer

    vocabulary = source.folder / "vocab.txt"
    if not vocabulary.exists():
        raise ModelError(f"{source.folder} holds neither tokenizer.json nor vocab.txt")
    settings = source.folder / "tokenizer_config.json"
    lowercase = True
    if settings.exists():
        lowercase = bool(msgspec.json.decode(read_file(settings)).get("do_lower_case", True))
    text: str = BertWordPieceTokenizer(str(vocabulary), lowercase=lowercase).to_str()
    return text
