import torch
from torch.testing import assert_close

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained


def test_three_files_of_small_tensors(exercise):
    assert exercise.peak_bytes([[10, 20], [40], [5, 5]]) == {
        "all at once": 160,
        "shard by shard": 120,
        "tensor by tensor": 110,
    }


def test_the_largest_tensor_hurts_least_if_it_comes_first(exercise):
    assert exercise.peak_bytes([[60, 10, 10]])["tensor by tensor"] == 120
    assert exercise.peak_bytes([[10, 10, 60]])["tensor by tensor"] == 140


def test_a_mapped_model_computes_the_same_and_copies_nothing(exercise, tmp_path, monkeypatch):
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2)
    folder = save_pretrained(GPT2(config), tmp_path / "out", max_shard_bytes=3000)
    expected = from_pretrained(folder)

    def watched(real):
        def call(tensor, *args, **options):
            assert tensor.is_meta, "a tensor is copied"
            return real(tensor, *args, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("copy_", "clone", "contiguous", "to"):
            patch.setattr(torch.Tensor, name, watched(getattr(torch.Tensor, name)))
        model = exercise.load_mapped(folder)
    tokens = torch.arange(10)[None]
    assert model.head.weight is model.embedding.token.weight
    assert_close(model(tokens), expected(tokens), rtol=1e-5, atol=1e-5)
