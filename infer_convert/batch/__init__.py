"""Many files at once: sources -> digests -> facts -> clusters -> conversions -> the estate report.

``command`` is the sub-command, ``run`` the whole as one function. Work is done by an *engine*: ``pool`` (processes of
this machine) or ``distributed`` (an existing Dask cluster). What has been done is recorded under names made from the
content (``identity``, ``state``), so that an interrupted run is continued by running it again.
"""
