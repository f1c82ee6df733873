"""Opens the files of a folder, a zip or an upload by name, with every check; nothing is unpacked to disk."""
