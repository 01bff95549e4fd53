"""Runs commands in containers of an Apache Hadoop YARN cluster, without a JVM.

    from knit import Knit
    k = Knit(autodetect=True)
    app_id = k.start('date', num_containers=10, memory=4096)
    k.status(app_id)
    k.logs(app_id)
"""

from knit._knit import __version__
from knit.core import Knit
from knit.exceptions import CondaException, HDFSConfigException, KnitException, YARNException

__all__ = ["CondaException", "HDFSConfigException", "Knit", "KnitException", "YARNException", "__version__"]
