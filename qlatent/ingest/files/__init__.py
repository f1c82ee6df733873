"""The files of a folder, a zip or an upload, opened by name with every check; nothing is unpacked to disk."""
