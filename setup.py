"""Puts the configs, which lie beside the package, into its wheel. All else about the package is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfigs(build_py):
    """Copies `configs/` to `lightning_latent/configs/`; an editable install reads them where they are."""

    def run(self) -> None:
        """Build the package, then add the configs."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "lightning_latent", "configs")
            shutil.rmtree(target, ignore_errors=True)  # what an earlier build left may be gone since
            shutil.copytree("configs", target)


setup(cmdclass={"build_py": BuildWithConfigs})
