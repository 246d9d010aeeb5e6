"""Keys of the command line in a parsed config."""

from typing import Any

import pytest
from jsonargparse import Namespace

from lightning_latent.cli.keys import merged, setting, value_at


def instance(name: str, **options: Any) -> Namespace:
    return Namespace(class_path=name, init_args=Namespace(**options))


CONFIG = Namespace(
    feedback=Namespace(search_step=0.1, strong=None),
    model=instance("my.Model", loop="stepwise", learn=instance("my.Map", rank=4)),
    trainer=Namespace(callbacks=[instance("my.First", size=1), instance("my.Last", size=2)]),
)


@pytest.mark.parametrize(
    ("key", "value", "config"),
    [
        ("feedback.search_step", 0.1, {"feedback": {"search_step": 0.1}}),
        ("feedback.strong", None, {"feedback": {"strong": None}}),
        ("model.loop", "stepwise", {"model": {"class_path": "my.Model", "init_args": {"loop": "stepwise"}}}),
        ("model.init_args.loop", "stepwise", {"model": {"init_args": {"loop": "stepwise"}}}),
        (
            "model.learn.rank",
            4,
            {
                "model": {
                    "class_path": "my.Model",
                    "init_args": {"learn": {"class_path": "my.Map", "init_args": {"rank": 4}}},
                }
            },
        ),
        (
            "trainer.callbacks.size",
            2,
            {
                "trainer": {
                    "callbacks": [
                        {"class_path": "my.First", "init_args": {"size": 1}},
                        {"class_path": "my.Last", "init_args": {"size": 2}},
                    ]
                }
            },
        ),
    ],
)
def test_a_key_leads_to_its_value_and_a_config_sets_it(key: str, value: Any, config: dict[str, Any]) -> None:
    assert value_at(CONFIG, key) == value
    assert setting(CONFIG, key) == config


@pytest.mark.parametrize("key", ["feedback.step", "nothing", "model.loop.deeper", "trainer.callbacks.width"])
def test_a_key_that_is_not_there(key: str) -> None:
    with pytest.raises(KeyError):
        value_at(CONFIG, key)


def test_several_settings_become_one_config() -> None:
    both = merged(setting(CONFIG, "model.loop"), setting(CONFIG, "model.learn.rank"))
    assert set(both["model"]["init_args"]) == {"loop", "learn"}
