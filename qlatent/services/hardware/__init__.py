"""Jobs on devices: requested, carried out by a worker, followed, fetched and compared."""
