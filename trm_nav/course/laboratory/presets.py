"""The settings with which the laboratory starts, and its four presets."""

from typing import Any

# fmt: off
DEFAULTS: dict[str, Any] = dict(
    grid_size=8, obstacle_density=0.2, num_train=1000, num_test=500, train_seed=0, test_seed=1, seed=0,
    dim=32, depth=2, recursions=1, grow_recursions=False, mixing="mlp", dropout=0.0, batch_size=64, lr=1e-2,
    weight_decay=0.0, epochs=20, augment=False, supervision="action", device="cpu",
    threads=1,  # no slower than two for a model of this size, and it leaves a core to the page
)
"One label a maze and no augmentation: a run that overfits."

PRESETS: dict[str, dict[str, Any]] = {
    "Overfitting": dict(num_train=500, dim=32, depth=2, recursions=1, dropout=0.0, weight_decay=0.0, lr=1e-2,
                        epochs=20, augment=False, supervision="action"),
    "Underfitting": dict(num_train=1000, dim=4, depth=1, recursions=1, dropout=0.0, weight_decay=0.0, lr=1e-2,
                         epochs=15, augment=True, supervision="policy"),
    "Healthy": dict(num_train=3000, dim=32, depth=2, recursions=1, dropout=0.0, weight_decay=0.0, lr=1e-2,
                    epochs=16, augment=True, supervision="policy"),
    "Divergence": dict(num_train=1000, dim=32, depth=2, recursions=1, dropout=0.0, weight_decay=0.0, lr=3.0,
                       epochs=12, augment=False, supervision="action"),
}
"Each sets every setting that the laboratory has a control for."
# fmt: on
