import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.adamw import AdamW, parameter_groups

SHAPES = [(4, 3), (5,), (2, 3, 2), ()]


def twins(dtype=torch.float32, **settings):
    """Make equal parameters twice, ours and torch's optimizer over them."""
    torch.manual_seed(0)
    mine = [nn.Parameter(torch.randn(shape, dtype=dtype)) for shape in SHAPES]
    theirs = [nn.Parameter(p.detach().clone()) for p in mine]
    settings = {"lr": 0.01, "betas": (0.9, 0.95), "weight_decay": 0.1} | settings
    return (mine, AdamW(mine, **settings)), (theirs, torch.optim.AdamW(theirs, **settings))


def walk(*pairs, n_steps, seed=1, sizes=(1e-3, 1.0, 30.0)):
    """Give all optimizers the same gradients, small and large ones, and step."""
    generator = torch.Generator().manual_seed(seed)
    for step in range(n_steps):
        size = sizes[step % len(sizes)]
        for parameters in zip(*(pair[0] for pair in pairs), strict=True):
            shape, dtype = parameters[0].shape, parameters[0].dtype
            gradient = size * torch.randn(shape, dtype=dtype, generator=generator)
            for parameter in parameters:
                parameter.grad = gradient.clone()
        for _, optimizer in pairs:
            optimizer.step()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.0},
        {"weight_decay": 1.0},
        {"betas": (0.9, 0.999)},
        {"betas": (0.0, 0.5)},
        {"eps": 1e-2},
        {"lr": 0.3},
    ],
    ids=str,
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_200_steps_equal_those_of_torch(dtype, tolerance, settings):
    mine, theirs = twins(dtype, **settings)
    walk(mine, theirs, n_steps=200)
    assert_close(mine[0], theirs[0], rtol=tolerance, atol=tolerance)


def test_the_first_step_moves_every_number_by_the_learning_rate():
    parameter = nn.Parameter(torch.tensor([1.0, 1.0, 1.0]))
    parameter.grad = torch.tensor([1e-4, -5.0, 300.0])
    AdamW([parameter], lr=0.01, weight_decay=0.0).step()
    assert_close(parameter.data, torch.tensor([0.99, 1.01, 0.99]), rtol=1e-4, atol=0)


def test_two_steps_worked_by_hand():
    parameter = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = AdamW([parameter], lr=0.1, betas=(0.5, 0.75), eps=0.0, weight_decay=0.5)
    for gradient in (2.0, -1.0):
        parameter.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    first = 1 * (1 - 0.1 * 0.5) - 0.1 * 1  # mean 1 / 0.5 = 2, square 1 / 0.25 = 4
    mean, square = (0.5 * 1 - 0.5 * 1) / 0.75, (0.75 * 1 + 0.25 * 1) / (1 - 0.75**2)
    expected = first * 0.95 - 0.1 * mean / square**0.5
    assert parameter.item() == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(0.85 * 0.95)


def test_the_size_of_the_gradients_does_not_matter():
    ends = []
    for scale in (1.0, 1000.0):
        pair, _ = twins(torch.float64, eps=0.0)
        walk(pair, n_steps=20, sizes=(scale, 2 * scale))
        ends.append(pair[0])
    assert_close(*ends, rtol=1e-9, atol=1e-12)


def test_without_a_gradient_signal_only_the_decay_is_left():
    parameter = nn.Parameter(torch.tensor([3.0, -2.0]))
    optimizer = AdamW([parameter], lr=0.1, weight_decay=0.5)
    for _ in range(10):
        parameter.grad = torch.zeros(2)
        optimizer.step()
    assert_close(parameter.data, torch.tensor([3.0, -2.0]) * 0.95**10, rtol=1e-6, atol=0)


def test_a_parameter_without_a_gradient_stays_and_starts_to_count_later():
    mine, theirs = twins()
    for parameters, optimizer in (mine, theirs):
        for step in range(5):
            for index, parameter in enumerate(parameters):
                late = index == 1 and step < 3
                parameter.grad = None if late else torch.full_like(parameter, 1.0 + step)
            optimizer.step()
            if step == 2:
                assert_close(parameters[1], twins()[0][0][1], rtol=0, atol=0)
    assert_close(mine[0], theirs[0], rtol=1e-6, atol=1e-7)
    assert mine[1].state[mine[0][1]]["step"] == 2


def test_groups_keep_their_own_settings():
    made = []
    for kind in (AdamW, torch.optim.AdamW):
        torch.manual_seed(0)
        parameters = [nn.Parameter(torch.randn(3)) for _ in range(4)]
        groups = [
            {"params": parameters[:2], "lr": 0.1, "weight_decay": 0.0},
            {"params": parameters[2:], "betas": (0.5, 0.9), "eps": 1e-3},
        ]
        made.append((parameters, kind(groups, lr=0.01, betas=(0.9, 0.95), weight_decay=0.3)))
    walk(*made, n_steps=30)
    assert_close(made[0][0], made[1][0], rtol=1e-5, atol=1e-6)


def test_a_learning_rate_set_between_steps_counts_from_the_next():
    mine, theirs = twins()
    for lr in (0.1, 0.0, 0.03):
        for _, optimizer in (mine, theirs):
            optimizer.param_groups[0]["lr"] = lr
        walk(mine, theirs, n_steps=2)
    assert_close(mine[0], theirs[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("source", ["mine", "theirs"])
@pytest.mark.parametrize("target", ["mine", "theirs"])
def test_a_saved_state_goes_on_as_if_nothing_had_happened(source, target, tmp_path):
    pairs = dict(zip(("mine", "theirs"), twins(), strict=True))
    walk(pairs["mine"], pairs["theirs"], n_steps=7)
    torch.save(pairs[source][1].state_dict(), tmp_path / "state.pt")
    fresh = dict(zip(("mine", "theirs"), twins(lr=0.5), strict=True))[target]
    for parameter, old in zip(fresh[0], pairs[source][0], strict=True):
        parameter.data.copy_(old)
    fresh[1].load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    walk(pairs["mine"], fresh, n_steps=7, seed=2)
    tolerance = 0 if source == target == "mine" else 1e-6
    assert_close(fresh[0], pairs["mine"][0], rtol=tolerance, atol=tolerance)


def test_the_state_takes_two_numbers_a_parameter():
    (parameters, optimizer), other = twins()
    walk((parameters, optimizer), other, n_steps=1)
    for parameter in parameters:
        state = optimizer.state[parameter]
        assert set(state) == {"step", "exp_avg", "exp_avg_sq"}
        assert state["exp_avg"].shape == state["exp_avg_sq"].shape == parameter.shape


def test_a_bfloat16_parameter_stays_bfloat16():
    parameter = nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    parameter.grad = torch.ones_like(parameter)
    AdamW([parameter], lr=0.1).step()
    assert parameter.dtype == torch.bfloat16
    assert parameter.lt(1).all()


def test_a_gradient_is_left_as_it_was():
    parameter = nn.Parameter(torch.ones(3))
    parameter.grad = gradient = torch.tensor([1.0, 2.0, 3.0])
    AdamW([parameter]).step()
    assert parameter.grad is gradient
    assert_close(gradient, torch.tensor([1.0, 2.0, 3.0]), rtol=0, atol=0)


def test_a_closure_is_called_with_gradients_on_and_its_loss_returned():
    parameter = nn.Parameter(torch.ones(3))

    def closure():
        loss = (parameter**2).sum()
        loss.backward()
        return loss

    assert AdamW([parameter]).step(closure).item() == 3
    assert parameter.lt(1).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -1.0}, "lr=-1.0, expected at least 0"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"eps": -1e-8}, "eps=-1e-08"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1"),
        ({"betas": (0.9, 1.0)}, r"betas=\(0.9, 1.0\), expected at least 0 and below 1"),
        ({"betas": (-0.1, 0.9)}, r"betas=\(-0.1, 0.9\)"),
    ],
)
def test_settings_out_of_range_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        AdamW([nn.Parameter(torch.ones(1))], **settings)
    with pytest.raises(ValueError, match=message):
        AdamW([{"params": [nn.Parameter(torch.ones(1))], **settings}])


def tiny_gpt2(**fields):
    torch.manual_seed(0)
    return GPT2(
        GPT2Config(vocab_size=20, context_length=8, dim=12, n_layers=2, n_heads=2, **fields)
    )


def test_matrices_decay_and_vectors_do_not():
    model = tiny_gpt2()
    decaying, others = parameter_groups(model, 0.1)
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    kinds = {id(p): name for name, p in model.named_parameters()}
    names = [{kinds[id(p)] for p in group["params"]} for group in (decaying, others)]
    assert {name for name in kinds.values() if name.endswith("bias") or "norm" in name} == names[1]
    assert names[0] | names[1] == set(kinds.values())


@pytest.mark.parametrize("tied", [True, False])
def test_every_parameter_comes_once_tied_or_not(tied):
    model = tiny_gpt2(tie_embeddings=tied)
    found = [id(p) for group in parameter_groups(model, 0.1) for p in group["params"]]
    assert len(found) == len(set(found))
    assert set(found) == {id(p) for p in model.parameters()}
    assert AdamW(parameter_groups(model, 0.1)).param_groups[0]["lr"] == 1e-3


def test_frozen_parameters_do_not_come():
    model = tiny_gpt2()
    model.embedding.requires_grad_(False)
    found = {id(p) for group in parameter_groups(model, 0.1) for p in group["params"]}
    assert id(model.embedding.token.weight) not in found
    assert id(model.norm.bias) in found


def test_tied_weights_take_one_step_like_those_of_torch():
    models = [tiny_gpt2() for _ in range(2)]
    tokens = torch.randint(20, (3, 8))
    for model, kind in zip(models, (AdamW, torch.optim.AdamW), strict=True):
        groups = parameter_groups(model, 0.2)
        optimizer = kind(groups, lr=1e-2, betas=(0.9, 0.95))
        for _ in range(5):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten()).backward()
            optimizer.step()
        assert model.head.weight is model.embedding.token.weight
    for mine, theirs in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_copied_optimizer_is_independent():
    (parameters, optimizer), other = twins()
    walk((parameters, optimizer), other, n_steps=3)
    before = copy.deepcopy(optimizer.state_dict())
    walk((parameters, optimizer), other, n_steps=3)
    assert before["state"][0]["step"] == 3
    assert optimizer.state_dict()["state"][0]["step"] == 6
