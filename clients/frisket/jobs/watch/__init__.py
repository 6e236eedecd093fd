"""Hot folders: what arrives in a folder is fed to a batch, once it stands still and is whole."""
