"""The model is the one in the papers: each part against its textbook form, in the ordinary (B, tokens, dim) layout."""

import inspect
from collections.abc import Callable

import pytest
import torch
from tiny import assert_close, rounding
from torch import nn
from torch.nn import functional as F

from trm_nav import UserError, create_model
from trm_nav.learning.mixing import ChannelMixing, MixerBlock
from trm_nav.learning.model import count_parameters
from trm_nav.settings import ModelSettings

DIM, SIDE, BATCH = 6, 4, 3
TOKENS = SIDE**2


def awake(module: nn.Module, seed: int = 0) -> nn.Module:
    """In double precision with every weight random: a new block's zeros would hide half of what it does."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.double().parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 3)
    return module.eval()


def layer(kind: type[nn.Module], source: nn.Module, *sizes, **options) -> nn.Module:
    """One of torch's own layers with the weights of a part of the model."""
    made = kind(*sizes, **options).double()
    made.load_state_dict(source.state_dict())
    return made


def mlp(first: nn.Linear, last: nn.Linear) -> nn.Sequential:
    return nn.Sequential(
        layer(nn.Linear, first, first.in_features, first.out_features, bias=False),
        nn.ReLU(),
        layer(nn.Linear, last, last.in_features, last.out_features, bias=False),
    )


def cross_as_convolution(mix: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """A cross is a depthwise 3 x 3 convolution whose corners are 0."""
    up, down, left, right, centre = mix.weights
    corner = torch.zeros_like(up)
    kernel = torch.stack([corner, up, corner, left, centre, right, corner, down, corner], dim=-1).view(-1, 1, 3, 3)
    return lambda image: F.conv2d(image, kernel, mix.bias, padding=1, groups=len(kernel))


def ordinary_block(block: MixerBlock, z: torch.Tensor) -> torch.Tensor:
    """The block as one would write it down, z: (B, tokens, dim)."""
    dim = z.shape[-1]
    x = layer(nn.LayerNorm, block.norm_tokens, dim)(z).transpose(1, 2)  # (B, dim, tokens)
    if hasattr(block.mix_tokens, "tokens_in"):
        x = mlp(block.mix_tokens.tokens_in, block.mix_tokens.tokens_out)(x)
    else:
        side = round(x.shape[-1] ** 0.5)
        if hasattr(block.mix_tokens, "neighbours"):
            conv = layer(nn.Conv2d, block.mix_tokens.neighbours, dim, dim, 3, padding=1, groups=dim)
        else:
            conv = cross_as_convolution(block.mix_tokens)
        x = conv(x.reshape(-1, dim, side, side)).flatten(2)
    z = z + x.transpose(1, 2)
    x = layer(nn.LayerNorm, block.norm_channels, dim)(z)
    return z + mlp(block.mix_channels.channels_in, block.mix_channels.channels_out)(x)


def ordinary_model(model: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """The whole model with its recursion written out, tokens: (B, n*n)."""
    inputs = model.embedding(tokens.long())
    if model.mixing == "mlp":
        inputs = inputs + model.position[:, 0]
    z = torch.zeros_like(inputs)
    for _ in range(model.recursions):
        z = layer(nn.LayerNorm, model.norm, model.dim)(z) + inputs
        for block in model.blocks:
            z = ordinary_block(block, z)
    return layer(nn.Linear, model.head, model.dim, 5)(layer(nn.LayerNorm, model.head_norm, model.dim)(z))


def random_state(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def random_tokens(side: int, batch: int = BATCH, dtype: torch.dtype = torch.uint8) -> torch.Tensor:
    return torch.randint(3, (batch, side**2), generator=torch.Generator().manual_seed(side)).to(dtype)


@pytest.mark.parametrize("mixing", ["mlp", "conv", "cross"])
def test_a_block_equals_one_composed_of_torchs_layers_and_so_do_its_gradients(mixing):
    block = awake(MixerBlock(TOKENS, DIM, 0.0, mixing))
    z = random_state(BATCH, TOKENS, DIM).requires_grad_()
    ours = block(z.transpose(0, 1)).transpose(0, 1)
    ordinary = ordinary_block(block, z)
    assert_close(ours, ordinary)
    pull = random_state(*ours.shape)
    assert_close(*(torch.autograd.grad(out, z, pull)[0] for out in (ours, ordinary)))
    parameters = list(block.parameters())
    assert torch.autograd.gradcheck(lambda *_: block(z.transpose(0, 1)), parameters)


@pytest.mark.parametrize("mixing", ["mlp", "conv", "cross"])
def test_the_recursion_equals_the_loop_written_out(mixing):
    model = awake(create_model(SIDE, DIM, depth=2, recursions=3, mixing=mixing))
    tokens = random_tokens(SIDE)
    for recursions in (3, 1, 5):
        model.recursions = recursions
        assert_close(model(tokens), ordinary_model(model, tokens))


def test_the_output_is_one_logit_per_maze_cell_and_action_for_any_integer_tokens():
    model = create_model(SIDE, DIM).eval()
    logits = model(random_tokens(SIDE))
    assert logits.shape == (BATCH, TOKENS, 5) and logits.dtype == torch.float32
    for dtype in (torch.int16, torch.int32, torch.int64):
        assert_close(model(random_tokens(SIDE, dtype=dtype)), logits)


def test_a_maze_does_not_hear_from_the_others_in_its_batch():
    for mixing in ("mlp", "conv", "cross"):
        model = awake(create_model(SIDE, DIM, mixing=mixing))
        tokens = random_tokens(SIDE)
        assert_close(model(tokens)[1], model(tokens[1:2])[0])


def test_a_new_block_passes_its_input_through_unchanged():
    z = random_state(TOKENS, BATCH, DIM).float()
    for mixing in ("mlp", "conv", "cross"):
        assert torch.equal(MixerBlock(TOKENS, DIM, 0.5, mixing)(z), z)  # what is added to it is exactly zero


def test_dropout_zeroes_its_share_of_the_hidden_channels_and_only_while_training():
    p, draws = 0.25, 100 * 100
    part = ChannelMixing(dim=1, hidden=1, dropout=p)
    nn.init.ones_(part.channels_in.weight)
    nn.init.ones_(part.channels_out.weight)
    ones, nothing = torch.ones(100, 100, 1), torch.zeros(100, 100, 1)
    torch.manual_seed(0)
    mixed = part.train()(ones, nothing)
    assert mixed.unique().tolist() == pytest.approx([0, 1 / (1 - p)])
    share = (mixed == 0).float().mean().item()
    assert abs(share - p) < 5 * (p * (1 - p) / draws) ** 0.5  # standard deviations of a share of so many draws
    assert torch.equal(part.eval()(ones, nothing), ones)


@pytest.mark.parametrize("mixing", ["conv", "cross"])
@pytest.mark.parametrize("side", [5, 8, 16])
def test_a_model_with_local_mixing_runs_on_every_grid_size_with_the_same_weights(side, mixing):
    trained = awake(create_model(8, DIM, recursions=3, mixing=mixing))
    tokens = random_tokens(side)
    logits = trained(tokens)
    assert logits.shape == (BATCH, side**2, 5)
    assert_close(logits, ordinary_model(trained, tokens))
    other = create_model(side, DIM, mixing=mixing).double().eval()
    other.load_state_dict(trained.state_dict())
    assert_close(other(tokens), logits)


@pytest.mark.parametrize(("depth", "recursions"), [(1, 3), (2, 2), (3, 1)])
@pytest.mark.parametrize("mixing", ["conv", "cross", "mlp"])
def test_local_mixing_hears_one_cell_farther_with_every_block_and_an_mlp_hears_everything(mixing, depth, recursions):
    model = awake(create_model(11, DIM, depth=depth, recursions=recursions, mixing=mixing))
    tokens = torch.zeros(2, 11, 11, dtype=torch.int64)
    tokens[1, 5, 5] = 1
    without, changed = model(tokens.flatten(1)).view(2, 11, 11, 5)
    heard = (changed - without).abs().amax(dim=-1) > rounding(torch.float64)
    rows, columns = torch.meshgrid((torch.arange(11) - 5).abs(), (torch.arange(11) - 5).abs(), indexing="ij")
    away = {"conv": torch.maximum(rows, columns), "cross": rows + columns, "mlp": torch.zeros_like(rows)}[mixing]
    assert torch.equal(heard, away <= depth * recursions)


@pytest.mark.parametrize(("dim", "guide"), [(32, 15_000), (64, 50_000), (128, 200_000), (256, 800_000)])
def test_parameter_counts_are_within_a_factor_of_two_of_the_guides(dim, guide):
    model = create_model(grid_size=8, dim=dim, depth=2)
    count = count_parameters(model)
    assert guide / 2 <= count <= guide * 2
    assert count == sum(torch.zeros(parameter.shape).numel() for parameter in model.parameters())


def test_create_model_has_the_defaults_of_the_declared_settings():
    signature = inspect.signature(create_model).parameters
    assert {name: parameter.default for name, parameter in signature.items()} == ModelSettings().model_dump()
    model = create_model()
    assert {name: getattr(model, name) for name in signature} == ModelSettings().model_dump()
    assert model.training


@pytest.mark.parametrize(
    "wrong",
    [{"grid_size": 2}, {"grid_size": 1025}, {"grid_size": None}, {"dim": 0}, {"dim": 4097}, {"dim": "64"}, {"depth": 0},
     {"depth": 65}, {"dropout": -0.1}, {"dropout": 1.0}, {"dropout": float("nan")}, {"recursions": 0},
     {"recursions": 257}, {"recursions": 2.5}, {"mixing": "attention"}],
)  # fmt: skip
def test_create_model_refuses_a_value_out_of_bounds_by_name(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(UserError, match=f"^`{name}` must be .* not {value!r}$"):
        create_model(**wrong)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"grid_size": 65},
            "`mixing=mlp` connects every cell .* at most 64, not 65; use `mixing=conv` or `mixing=cross`",
        ),
        ({"halting": True}, "`halting` needs `mixing=conv` or `mixing=cross`, not mlp"),
        ({"binary": True, "mixing": "cross"}, "`binary` needs `halting`: only the states of decided cells are binary"),
    ],
)
def test_create_model_refuses_settings_that_do_not_fit_together(given, sentence):
    with pytest.raises(UserError, match=f"^{sentence}$"):
        create_model(**given)


@pytest.mark.parametrize("mixing", ["mlp", "conv", "cross"])
@pytest.mark.parametrize("before", ["mlp", "conv", "cross"])
def test_a_model_that_loads_anothers_weights_thinks_as_the_other_did(mixing, before, tmp_path):
    trained = awake(create_model(SIDE, DIM, depth=1, recursions=7, mixing=mixing))
    torch.save(trained.state_dict(), tmp_path / "weights.pt")
    model = create_model(SIDE, DIM, depth=1, mixing=before).double().eval()
    model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert (model.recursions, model.mixing) == (7, mixing)
    assert_close(model(random_tokens(SIDE)), trained(random_tokens(SIDE)))


def test_loading_another_kind_of_mixing_leaves_a_model_in_evaluation_mode_and_in_its_precision():
    model = create_model(SIDE, DIM, dropout=0.5).double().eval()
    model.load_state_dict(create_model(SIDE, DIM, mixing="conv").state_dict())
    assert not any(module.training for module in model.modules())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float64}


def test_weights_that_say_nothing_about_mixing_leave_it_as_it_is():
    model = create_model(SIDE, DIM)
    head = {name: value for name, value in model.state_dict().items() if name.startswith("head.")}
    model.load_state_dict(head, strict=False)
    assert model.mixing == "mlp" and model.position is not None
    with pytest.raises(RuntimeError, match="Missing key"):
        model.load_state_dict({})


def test_weights_of_another_grid_size_are_refused_by_an_mlp():
    with pytest.raises(RuntimeError, match="size mismatch"):
        create_model(SIDE, DIM).load_state_dict(create_model(SIDE + 1, DIM).state_dict())
