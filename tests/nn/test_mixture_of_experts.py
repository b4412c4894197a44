import pytest
import torch
import transformers
from torch import nn
from torch.testing import assert_close
from transformers.models.qwen3_moe.modeling_qwen3_moe import (
    Qwen3MoeSparseMoeBlock,
    load_balancing_loss_func,
)

from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.mixture_of_experts import (
    MixtureOfExperts,
    Routing,
    TopKRouter,
    load_balancing_loss,
    recorded_routing,
)

B, T, C, HIDDEN, E = 2, 9, 8, 12, 5
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(B, T, C)


def make(n_active=2, normalize=True, n_experts=E, shared=None):
    torch.manual_seed(1)
    router = TopKRouter(C, n_experts, n_active, normalize=normalize)
    experts = (GatedFeedForward(C, HIDDEN) for _ in range(n_experts))
    layer = MixtureOfExperts(router, experts, shared)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=C**-0.5)
    return layer


def dense(layer, x):
    """The sum over all experts, most of them times 0."""
    routing = layer.router(x)
    weights = torch.zeros_like(routing.probabilities)
    weights = weights.scatter(-1, routing.experts, routing.weights)
    outputs = torch.stack([expert(x) for expert in layer.experts], -1)
    return (outputs * weights.unsqueeze(-2)).sum(-1)


def published(layer, n_active, normalize):
    config = transformers.Qwen3MoeConfig(
        hidden_size=C,
        moe_intermediate_size=HIDDEN,
        num_experts=len(layer.experts),
        num_experts_per_tok=n_active,
        norm_topk_prob=normalize,
        experts_implementation="eager",
    )
    theirs = Qwen3MoeSparseMoeBlock(config)
    fused = [torch.cat((e.gate_proj.weight, e.up_proj.weight)) for e in layer.experts]
    theirs.gate.weight.data = layer.router.weight.data.clone()
    theirs.experts.gate_up_proj.data = torch.stack(fused).detach()
    theirs.experts.down_proj.data = torch.stack(
        [e.down_proj.weight for e in layer.experts]
    ).detach()
    return theirs


def test_two_of_three_experts_worked_by_hand():
    router = TopKRouter(1, 3, 2)
    router.weight.data = torch.tensor([[1.0], [3.0], [2.0]]).log()
    routing = router(torch.ones(1, 1))  # probabilities 1/6, 3/6, 2/6
    assert routing.experts.tolist() == [[1, 2]]
    assert_close(routing.weights, torch.tensor([[0.6, 0.4]]))
    router.normalize = False
    assert_close(router(torch.ones(1, 1)).weights, torch.tensor([[1 / 2, 1 / 3]]))


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("n_active", [1, 2, E])
def test_the_result_and_its_gradients_equal_transformers(x, n_active, normalize):
    ours = make(n_active, normalize)
    theirs = published(ours, n_active, normalize)
    assert_close(ours(x), theirs(x), **TOLERANCE)
    upstream = torch.randn_like(x)
    ours(x).backward(upstream)
    theirs(x).backward(upstream)
    assert_close(ours.router.weight.grad, theirs.gate.weight.grad, rtol=1e-4, atol=1e-4)
    down = [expert.down_proj.weight.grad for expert in ours.experts]
    down = [torch.zeros(C, HIDDEN) if grad is None else grad for grad in down]
    assert_close(torch.stack(down), theirs.experts.down_proj.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("n_active", [1, 3])
def test_running_the_chosen_equals_the_sum_over_all(x, n_active, normalize):
    layer = make(n_active, normalize)
    assert_close(layer(x), dense(layer, x), **TOLERANCE)


@pytest.mark.parametrize("normalize", [True, False])
def test_a_single_expert_is_the_plain_feed_forward(x, normalize):
    layer = make(1, normalize, n_experts=1)
    assert_close(layer(x), layer.experts[0](x), **TOLERANCE)


def test_equal_experts_make_the_router_meaningless(x):
    layer = make(3)
    for expert in layer.experts[1:]:
        expert.load_state_dict(layer.experts[0].state_dict())
    assert_close(layer(x), layer.experts[0](x), **TOLERANCE)


def test_only_chosen_experts_run_and_only_on_their_tokens(x):
    layer, seen = make(2), []
    for index, expert in enumerate(layer.experts):
        expert.register_forward_hook(
            lambda _module, inputs, _output, index=index: seen.append((index, len(inputs[0])))
        )
    token = x[:1, :1]
    layer(token)
    assert [n for _, n in seen] == [1, 1]
    assert {index for index, _ in seen} == set(layer.router(token[0]).experts[0].tolist())
    seen.clear()
    layer(x)
    counts = layer.router(x.flatten(0, 1)).experts.flatten().bincount(minlength=E)
    assert seen == [(index, n) for index, n in enumerate(counts.tolist()) if n]
    assert sum(n for _, n in seen) == 2 * B * T


def test_an_expert_without_tokens_gets_no_gradient(x):
    layer = make(1)
    layer(x[:1, :1]).sum().backward()
    with_gradient = [expert.up_proj.weight.grad is not None for expert in layer.experts]
    assert sum(with_gradient) == 1


def test_tokens_do_not_depend_on_the_batch_they_come_in(x):
    layer = make(2)
    alone = torch.stack([torch.stack([layer(token) for token in row]) for row in x])
    assert_close(layer(x), alone, **TOLERANCE)


def test_a_shared_expert_is_added(x):
    shared = GatedFeedForward(C, HIDDEN)
    layer = make(shared=shared)
    with_shared = layer(x)
    layer.shared = None
    assert_close(with_shared, layer(x) + shared(x), **TOLERANCE)


@pytest.mark.parametrize("shape", [(C,), (0, C), (2, 0, C), (2, 3, 1, C)], ids=str)
def test_any_number_of_tokens_in_any_shape(shape):
    x = torch.randn(shape)
    assert make()(x).shape == shape


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept_and_the_router_is_exact(x, dtype):
    layer = make().to(dtype)
    assert layer(x.to(dtype)).dtype == dtype
    assert layer.router(x[0].to(dtype)).probabilities.dtype != torch.bfloat16


@pytest.mark.parametrize("n_active", [1, 2])
@pytest.mark.parametrize("padded", [False, True])
def test_the_balancing_loss_of_several_layers_equals_transformers(n_active, padded):
    torch.manual_seed(0)
    logits = torch.randn(3, B * T, E)
    mask = (torch.arange(B * T) % 4 > 0).long().reshape(B, T) if padded else None
    expected = load_balancing_loss_func(tuple(logits), E, n_active, mask)
    probabilities = logits.softmax(-1)
    counted = None if mask is None else mask.flatten().bool()
    loss = load_balancing_loss(probabilities, probabilities.topk(n_active).indices, counted)
    assert_close(loss, expected)


@pytest.mark.parametrize("n_active", [1, 2])
def test_the_balancing_loss_is_a_when_balanced_and_more_when_not(n_active):
    experts = torch.stack([(torch.arange(E) + shift) % E for shift in range(n_active)], -1)
    even = torch.full((E, E), 1 / E)
    assert_close(load_balancing_loss(even, experts), torch.tensor(float(n_active)))
    all_to_the_first = torch.arange(n_active).expand(E, n_active)
    skewed = torch.tensor([0.6, 0.1, 0.1, 0.1, 0.1]).expand(E, E)
    assert load_balancing_loss(skewed, all_to_the_first) > n_active


def test_the_balancing_loss_pushes_down_the_expert_that_is_used_too_much():
    logits = torch.zeros(4, 3, requires_grad=True)
    experts = torch.tensor([[0], [0], [0], [1]])
    load_balancing_loss(logits.softmax(-1), experts).backward()
    assert (logits.grad[:, 0] > 0).all()  # descent lowers it
    assert (logits.grad[:, 2] < 0).all()


def test_the_balancing_loss_of_no_tokens_is_0_with_zero_gradient():
    logits = torch.randn(4, 3, requires_grad=True)
    loss = load_balancing_loss(
        logits.softmax(-1), torch.zeros(4, 1, dtype=torch.long), torch.zeros(4, dtype=torch.bool)
    )
    loss.backward()
    assert loss.item() == 0
    assert_close(logits.grad, torch.zeros(4, 3))


def test_recorded_routing_has_one_entry_a_layer_and_ends_with_the_block(x):
    model = nn.Sequential(make(), nn.Linear(C, C), make())
    with recorded_routing(model) as routings:
        model(x)
    model(x)
    assert len(routings) == 2
    assert all(isinstance(routing, Routing) for routing in routings)
    assert_close(routings[0].probabilities, model[0].router(x.flatten(0, 1)).probabilities)


def test_recorded_routing_ends_when_the_model_raises(x):
    model = nn.Sequential(make())
    with pytest.raises(RuntimeError), recorded_routing(model) as routings:
        model(x[..., :3])
    model(x)
    assert routings == []


@pytest.mark.parametrize("n_active", [0, 6])
def test_an_impossible_number_of_active_experts_is_an_error(n_active):
    with pytest.raises(ValueError, match=f"n_active_experts={n_active}, expected 1 to n_experts=5"):
        TopKRouter(C, E, n_active)


def test_a_mixture_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="at least one expert"):
        MixtureOfExperts(TopKRouter(C, E, 1), [])
