"""The loop, a part at a time: the loss cell by cell, what a batch holds, the schedule, and when a run stops."""

import math

import numpy as np
import pytest
import torch
from tiny import MODEL, RUN, assert_close, assert_same, rounding
from torch.nn import functional as F

from trm_nav import UserError, create_model, optimal_actions
from trm_nav.learning import training
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import Diverged, Training, learning_rate_factor, recursions_at
from trm_nav.mazes import dataset
from trm_nav.mazes.encoding import decode
from trm_nav.mazes.expert import distances
from trm_nav.settings import DataSettings, TrainSettings

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def sets():
    return dataset.build(DataSettings(num_train=100, num_test=40, grid_size=5))


@pytest.fixture(scope="module")
def new_run(sets):
    return lambda **settings: Training(TrainSettings(**{**RUN, "device": "cpu", **settings}), *sets)


def logits_and_sets(seed=0, shape=(3, 7)):
    """Random logits float64, and random sets of actions of which the first and the last are empty."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(*shape, 5, generator=generator, dtype=torch.float64)
    optimal = torch.randint(32, shape, generator=generator).to(torch.uint8)
    optimal[0, 0] = optimal[-1, -1] = 0
    return logits, optimal


def members(mask):
    return [action for action in range(5) if int(mask) >> action & 1]


def loss_by_hand(logits, optimal):
    """The loss as a loop over the cells: cross-entropy for one label, -log of the summed softmax for several."""
    losses = []
    for cell, mask in zip(logits.flatten(0, 1), optimal.flatten(), strict=True):
        if len(members(mask)) == 1:
            losses.append(F.cross_entropy(cell[None], torch.tensor(members(mask))))
        elif members(mask):
            losses.append(-torch.log(F.softmax(cell, dim=-1)[members(mask)].sum()))
    return torch.stack(losses).mean()


def test_the_loss_equals_a_loop_over_the_cells():
    for seed in range(20):
        logits, optimal = logits_and_sets(seed)
        assert_close(policy_loss(logits, optimal), loss_by_hand(logits, optimal))


def test_with_one_optimal_action_everywhere_the_loss_is_cross_entropy():
    logits, _ = logits_and_sets()
    actions = torch.arange(21).view(3, 7) % 5
    optimal = (1 << actions).to(torch.uint8)
    assert_close(policy_loss(logits, optimal), F.cross_entropy(logits.flatten(0, 1), actions.flatten()))


def test_the_gradient_of_the_loss_is_its_derivative():
    logits, optimal = logits_and_sets()
    assert torch.autograd.gradcheck(lambda logits: policy_loss(logits, optimal), logits.requires_grad_())


def test_a_cell_without_a_label_has_exactly_no_influence():
    logits, optimal = logits_and_sets()
    unlabelled = optimal == 0
    logits.requires_grad_()
    loss = policy_loss(logits, optimal)
    loss.backward()
    assert (logits.grad[unlabelled] == 0).all() and (logits.grad[~unlabelled] != 0).any()
    with torch.no_grad():
        logits[unlabelled] = torch.tensor([1e4, -1e4, 0, 7, 1e-9], dtype=torch.float64)
        assert torch.equal(policy_loss(logits, optimal), loss)


def test_loss_and_gradient_stay_finite_for_a_model_that_is_sure_of_itself():
    for sign in (1, -1):  # surely right, surely wrong
        logits = (sign * torch.tensor([[[1e4, 1e4, -1e4, -1e4, -1e4]]])).requires_grad_()
        loss = policy_loss(logits, torch.tensor([[0b00011]], dtype=torch.uint8))
        loss.backward()
        assert loss.item() == pytest.approx(0 if sign == 1 else 2e4, abs=2) and logits.grad.isfinite().all()


def test_action_supervision_keeps_the_label_of_the_agents_cell_alone(sets):
    train_set, _ = sets
    policy, action = (Samples.of(train_set, supervision, CPU) for supervision in ("policy", "action"))
    assert torch.equal(policy.optimal, torch.from_numpy(train_set.optimal).flatten(1))
    assert torch.equal(policy.tokens, action.tokens) and torch.equal(policy.agents, action.agents)
    for maze, (row, col) in enumerate(train_set.starts):
        expected = np.zeros((5, 5), dtype=np.uint8)
        expected[row, col] = train_set.optimal[maze, row, col]
        assert (action.optimal[maze].view(5, 5).numpy() == expected).all()


def test_samples_turn_with_everything_that_the_expert_says_of_them(sets):
    chosen = Samples.of(sets[0], "policy", CPU)[torch.arange(16).flip(0)]
    turned = chosen.transformed(torch.arange(8).repeat(2))
    mazes = decode(turned.tokens.numpy())
    assert torch.equal(turned.optimal, torch.from_numpy(optimal_actions(*mazes)).flatten(1))
    assert torch.equal(turned.distances, torch.from_numpy(distances(*mazes)).flatten(1))
    at_agents = [samples.distances.gather(1, samples.agents[:, None]) for samples in (chosen, turned)]
    assert torch.equal(*at_agents) and len(chosen) == len(turned) == 16
    assert not torch.equal(chosen.tokens, turned.tokens)


def exact_logits(tokens):
    """A policy of whole numbers, float64 (B, n*n, 5), that no processor rounds and no two actions share."""
    cells = tokens.shape[1]
    weights = torch.arange(cells**2).view(cells, cells) ** 2 % 97
    scores = (tokens.long()[:, :, None] * weights).sum(dim=1)[..., None] * torch.tensor([1, 3, 7, 11, 13]) % 17
    return (5 * scores + torch.arange(5)).double()


def fix_policy(run):
    """Let a run's model answer with `exact_logits`, whatever its parameters; their gradients are zero."""
    parameters, read, start = list(run.model.parameters()), [], run.model.start

    def remember(tokens):
        read[:] = [tokens]
        return start(tokens)

    run.model.start = remember
    run.model.policy = lambda latent: exact_logits(*read) + 0 * sum(parameter.sum() for parameter in parameters)


def test_accuracy_is_the_share_of_mazes_right_at_the_agents_cell_under_either_supervision(sets, new_run):
    _, val_set = sets
    runs = [new_run(supervision=supervision) for supervision in ("policy", "action")]
    for run in runs:
        fix_policy(run)
    logits = exact_logits(torch.from_numpy(val_set.tokens)).view(-1, 5, 5, 5)
    right = [
        int(logits[maze, row, col].argmax()) in members(val_set.optimal[maze, row, col])
        for maze, (row, col) in enumerate(val_set.starts)
    ]
    assert 0 < sum(right) < len(right)
    assert [run.validate()[1] for run in runs] == [np.mean(right)] * 2


def test_validation_loss_is_the_loss_over_the_whole_set_and_disturbs_nothing(sets, new_run):
    _, val_set = sets
    run = new_run(batch_size=40, dropout=0.5)
    run.model.double()
    weights = {name: value.clone() for name, value in run.model.state_dict().items()}
    random_state = torch.get_rng_state()
    loss, _ = run.validate()
    with torch.no_grad():
        logits = run.model.eval()(torch.from_numpy(val_set.tokens))
    expected = loss_by_hand(logits, torch.from_numpy(val_set.optimal).flatten(1)).item()
    assert loss == pytest.approx(expected, rel=rounding(torch.float64))
    assert_same(dict(run.model.state_dict()), weights)
    assert torch.equal(torch.get_rng_state(), random_state)


def watch_batches(monkeypatch):
    """Lists that will hold what the model reads, what the loss reads, and whose cell accuracy reads."""
    batches, agents, count_right = [], [], training.count_right

    def watch_loss(logits, optimal):
        batches.append(optimal)
        return policy_loss(logits, optimal)

    def watch_agents(logits, optimal, cells):
        agents.append(cells)
        return count_right(logits, optimal, cells)

    monkeypatch.setattr(training, "policy_loss", watch_loss)
    monkeypatch.setattr(training, "count_right", watch_agents)
    return batches, agents


def train_one_epoch(run, monkeypatch):
    """Tokens (N, n*n), optimal sets (N, n*n) and agents' cells (N,) in the order of training, and the batch sizes."""
    read, start = [], run.model.start
    monkeypatch.setattr(run.model, "start", lambda tokens: read.append(tokens) or start(tokens), raising=False)
    optimal, agents = watch_batches(monkeypatch)
    run._train(None)
    return *map(torch.cat, (read, optimal, agents)), [len(batch) for batch in read]


def test_an_epoch_reads_every_maze_once_in_nearly_equal_batches_and_another_order_each_time(sets, new_run, monkeypatch):
    run = new_run(augment=False)
    expected = Samples.of(sets[0], "policy", CPU)
    whole = torch.column_stack([expected.tokens, expected.optimal, expected.agents]).tolist()
    orders = []
    for _ in range(2):
        tokens, optimal, agents, sizes = train_one_epoch(run, monkeypatch)
        assert sizes == [25] * 4  # 100 mazes, at most 32 at a time
        orders.append(torch.column_stack([tokens, optimal, agents]).tolist())
        assert sorted(orders[-1]) == sorted(whole)
    assert orders[0] != orders[1] and orders[0] != whole


@pytest.mark.parametrize("supervision", ["policy", "action"])
def test_augmented_mazes_carry_the_labels_that_the_expert_gives_them(sets, new_run, monkeypatch, supervision):
    run = new_run(augment=True, supervision=supervision)
    tokens, optimal, agents, _ = train_one_epoch(run, monkeypatch)
    labels = torch.from_numpy(optimal_actions(*decode(tokens.numpy()))).flatten(1)
    at_agent = torch.arange(25) == agents[:, None]
    assert torch.equal(optimal, labels if supervision == "policy" else labels * at_agent)
    assert (labels[at_agent] != 0).all()
    originals = {tuple(maze) for maze in sets[0].tokens.tolist()}
    changed = sum(tuple(maze) not in originals for maze in tokens.tolist())
    assert changed > 60  # of 100: 7 of 8 symmetries change a maze, which makes 87.5 with a standard deviation of 3.3


def test_augmentation_left_open_follows_the_mark_of_the_training_set():
    for mark in (True, False):
        sets = dataset.build(DataSettings(num_train=8, num_test=8, grid_size=5, augment=mark))
        for augment, expected in ((None, mark), (True, True), (False, False)):
            assert Training(TrainSettings(**MODEL, augment=augment), *sets).settings.augment is expected


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 100, 4740])
def test_the_learning_rate_rises_to_its_peak_in_a_tenth_of_the_steps_and_falls_to_nothing(steps):
    factors = [learning_rate_factor(step, steps) for step in range(steps)]
    peak = max(1, round(0.1 * steps)) - 1
    assert factors[peak] == 1 == max(factors)
    assert min(factors) > 0
    assert np.allclose(np.diff(factors[: peak + 1]), 1 / (peak + 1))  # straight up
    assert np.allclose(np.diff(factors[peak + 1 :]), -1 / (steps - peak - 1) if steps > 1 else 0)  # straight down
    assert all(learning_rate_factor(step, steps) == 0 for step in (steps, steps + 1, 2 * steps))


def test_the_optimizer_uses_the_schedule_and_gradients_no_longer_than_1(new_run, monkeypatch):
    run = new_run(lr=0.01, weight_decay=0.25)
    monkeypatch.setattr(training, "policy_loss", lambda logits, optimal: 1e6 * policy_loss(logits, optimal))
    norms, rates = [], []

    def watch(optimizer, *_):
        gradients = [p.grad.flatten() for group in optimizer.param_groups for p in group["params"]]
        norms.append(torch.cat(gradients).norm().item())
        rates.append(optimizer.param_groups[0]["lr"])

    run.optimizer.register_step_pre_hook(watch)
    assert isinstance(run.optimizer, torch.optim.AdamW) and run.optimizer.param_groups[0]["weight_decay"] == 0.25
    list(run.epochs())
    steps = 4 * RUN["epochs"]
    assert norms == pytest.approx([1] * steps, rel=rounding(torch.float32))
    assert rates == pytest.approx([0.01 * learning_rate_factor(step, steps) for step in range(steps)])
    trained = {id(p) for group in run.optimizer.param_groups for p in group["params"]}
    assert trained == {id(p) for p in run.model.parameters()}


def test_recursions_grow_in_three_thirds_to_the_number_asked_for():
    for epochs, recursions, expected in [
        (9, 8, [2, 2, 2, 4, 4, 4, 8, 8, 8]),
        (3, 3, [1, 1, 3]),
        (1, 8, [8]),
        (4, 1, [1, 1, 1, 1]),
    ]:
        settings = TrainSettings(epochs=epochs, recursions=recursions, grow_recursions=True)
        assert [recursions_at(epoch, settings) for epoch in range(epochs)] == expected
        fixed = settings.model_copy(update={"grow_recursions": False})
        assert {recursions_at(epoch, fixed) for epoch in range(epochs)} == {recursions}


def test_each_epoch_trains_with_its_own_number_of_recursions(new_run):
    run = new_run(epochs=3, recursions=4, grow_recursions=True)
    assert [run.model.recursions for _ in run.epochs()] == [1, 2, 4]


def test_loss_and_accuracy_of_training_are_means_over_the_mazes_like_those_of_validation():
    # A batch's loss is a mean over its labelled cells; without walls that is the mean over its mazes, however cut.
    open_fields, _ = dataset.build(DataSettings(num_train=100, num_test=8, grid_size=5, obstacle_density=0.0))
    run = Training(TrainSettings(**RUN | {"epochs": 1, "device": "cpu"}), open_fields, open_fields)
    fix_policy(run)
    list(run.epochs())
    assert run.history["train_acc"] == run.history["val_acc"]
    assert run.history["train_loss"] == pytest.approx(run.history["val_loss"], rel=rounding(torch.float64))


def test_training_learns_what_it_is_shown(sets):
    train_set, _ = sets
    settings = TrainSettings(dim=16, epochs=15, batch_size=20, lr=2e-2, dropout=0.0, device="cpu")
    run = Training(settings, train_set, train_set)
    list(run.epochs())
    # Chance is what can be had without looking at a maze; seeds 0 to 4 end at an eighth to a quarter of its loss.
    assert run.history["val_loss"][-1] < run.chance["train"]["loss"] / 2
    assert run.history["val_acc"][-1] > (1 + run.chance["train"]["acc"]) / 2


def scripted(new_run, monkeypatch, val_losses, **settings):
    """A run whose validation losses are these."""
    run = new_run(epochs=len(val_losses), **settings)
    losses = iter(val_losses)
    monkeypatch.setattr(run, "_train", lambda on_step: (1.0, 0.5))
    monkeypatch.setattr(run, "validate", lambda: (next(losses), 0.5))
    return run


@pytest.mark.parametrize(
    ("patience", "val_losses", "best", "last"),
    [
        (1, [3.0, 2.0, 2.5, 1.0], 2, 3),
        (2, [3.0, 2.0, 2.5, 1.9, 2.0, 2.0, 1.0], 4, 6),
        (2, [1.0, 1.0, 1.0, 0.5], 1, 3),  # no worse is not better
        (3, [1.0, 2.0, 3.0, 0.9, 5.0], 4, 5),  # the last moment; then the epochs run out
        (9, [4.0, 3.0, 2.0, 1.0], 4, 4),
    ],
)
def test_training_stops_exactly_when_patience_runs_out(new_run, monkeypatch, patience, val_losses, best, last):
    run = scripted(new_run, monkeypatch, val_losses, patience=patience)
    improvements = [epoch for epoch in run.epochs() if run.improved]
    assert (run.epoch, run.best_epoch, run.best_val_loss) == (last, best, min(val_losses[:last]))
    assert improvements == [n + 1 for n in range(last) if n == 0 or val_losses[n] < min(val_losses[:n])]
    assert list(run.epochs()) == []


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run_and_names_epoch_and_learning_rate(new_run, monkeypatch, loss):
    run = scripted(new_run, monkeypatch, [2.0, 1.0, loss, 0.5], lr=0.02)
    with pytest.raises(Diverged, match="not a number in epoch 3 .*0.02: .*`lr=0.002`"):
        list(run.epochs())
    assert run.history["val_loss"] == [2.0, 1.0] and run.best_epoch == 2


def trained_weights(new_run, **settings):
    run = new_run(dropout=0.2, augment=True, **settings)
    list(run.epochs())
    return run.model.state_dict()


def test_the_same_seed_gives_the_same_weights_bit_for_bit_and_another_seed_others(new_run):
    first = trained_weights(new_run, seed=7)
    torch.randn(100)  # whatever happened in between
    assert_same(trained_weights(new_run, seed=7), first)
    other = trained_weights(new_run, seed=8)
    assert not any(torch.equal(other[name], first[name]) for name in first if name.endswith("weight"))


def test_on_step_hears_of_every_step_and_may_end_the_epoch(new_run):
    run, heard = new_run(), []
    epochs = run.epochs(heard.append)
    assert next(epochs) == 1 and heard == [0.25, 0.5, 0.75, 1.0]

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run.epochs(stop))
    assert run.epoch == 1


def test_data_that_do_not_agree_with_the_settings_are_refused(sets):
    other = dataset.build(DataSettings(num_train=8, num_test=8, grid_size=6))[1]
    with pytest.raises(UserError, match="^`grid_size=8` .*5 x 5"):
        Training(TrainSettings(**MODEL, grid_size=8), *sets)
    with pytest.raises(UserError, match="training set .*5 x 5.* validation set .*6 x 6"):
        Training(TrainSettings(**MODEL), sets[0], other)
    run = Training(TrainSettings(**MODEL, mixing="conv", epochs=1), sets[0], other)
    assert list(run.epochs()) == [1]


def test_the_model_is_the_one_asked_for(new_run):
    asked = {"dim": 6, "depth": 2, "recursions": 5, "mixing": "conv", "dropout": 0.3}
    model = new_run(**asked).model
    assert {name: getattr(model, name) for name in asked} == asked
    assert repr(model) == repr(create_model(grid_size=5, **asked))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_here_is_refused_with_what_to_do(new_run, device):
    with pytest.raises(UserError, match=f"there is no device {device} here: .* use `device=cpu`"):
        new_run(device=device)


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot take tiny numbers as 0")
@pytest.mark.parametrize("before", [True, False])
def test_training_leaves_the_processors_settings_as_they_were(new_run, before):
    tiny, threads = torch.tensor(1e-310, dtype=torch.float64), torch.get_num_threads()
    torch.set_flush_denormal(before)
    try:
        next(new_run(threads=threads + 1).epochs())
        assert (tiny * 1.0 == 0) == before and torch.get_num_threads() == threads
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_trains_as_well_as_the_processor():
    """From the same seed the first losses agree, and after some epochs the accuracy does, within a few mazes."""
    settings = {"grid_size": 5, "dim": 16, "depth": 1, "mixing": "conv", "lr": 1e-2, "epochs": 8, "dropout": 0.0}
    data = dataset.build(DataSettings(num_train=1000, num_test=500, grid_size=5, augment=True))
    runs = [Training(TrainSettings(**settings, device=device), *data) for device in ("cpu", "cuda")]
    for run in runs:
        for _ in run.epochs():
            pass
    here, there = (run.history for run in runs)
    assert here["train_loss"][0] == pytest.approx(there["train_loss"][0], rel=0.02)
    assert here["val_acc"][-1] == pytest.approx(there["val_acc"][-1], abs=0.03)
    assert here["val_acc"][-1] > 0.8
