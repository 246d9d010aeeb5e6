"""Published checkpoints of other repositories, turned into directories that everything here loads."""

from lightning_latent.importing.importer import Format, import_reasoner

__all__ = ["Format", "import_reasoner"]
