"""Work items as tasks of dask.distributed: on this machine, or on all that a scheduler has workers on."""
