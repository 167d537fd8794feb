"""A real transformer, tiny and built here."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.gpqa import GPQA

CHARACTERS = ["<pad>", "<eos>", "<unk>", *string.printable]
TEMPLATE = (
    "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def of_characters() -> Any:
    """A token for every character."""
    import tokenizers

    vocabulary = {character: number for number, character in enumerate(CHARACTERS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Split(
        tokenizers.Regex(r"[\s\S]"), "isolated"
    )
    tokenizer.decoder = tokenizers.decoders.Fuse()
    return tokenizer


def byte_pairs() -> Any:
    """Merged tokens, as real models have them; all ASCII, so that each ends with a character."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<pad>", "<eos>", "<unk>"], show_progress=False
    )
    problems = GPQA.load("builtin", None, 0).problems
    texts = [GPQA.ask(problem).encode("ascii", "ignore").decode() for problem in problems]
    tokenizer.train_from_iterator([*texts, string.printable], trainer)
    return tokenizer


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A random Llama that reads and writes the tokens of one of these tokenizers."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("model")
    tokenizer = getattr(request, "param", of_characters)()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
        initializer_range=0.5,
    )
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight[1] = 0  # it seldom ends by itself
    model.save_pretrained(folder)
    return folder


def hf(folder: Path, batch_size: int = 8) -> Any:
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=str(folder), device="cpu", batch_size=batch_size, dtype="float32")


def contexts_of(model: Any) -> list[str]:
    """Keep what every generation was asked, as text without padding."""
    asked: list[str] = []
    generate = model.model.generate

    def keeping(input_ids: Any, **options: Any) -> Any:
        asked.extend(model.tok_decode(row) for row in input_ids)
        return generate(input_ids=input_ids, **options)

    model.model.generate = keeping
    return asked
