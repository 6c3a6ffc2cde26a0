"""The hot modules as machine code: made by mypyc of the same sources, kept beside them, run by services.

    sources --copy--> .sillage/compiled/<digest>/ --mypyc--> the same, hot modules as extension modules

A tree is named by a digest of the sources that it was made of. So an edited source never meets a stale
extension: there is no tree of its name, and the services run the sources until the next `sillage compile`.
"""

from ops.compilation.tree import compiled_tree, environment

__all__ = ["compiled_tree", "environment"]
