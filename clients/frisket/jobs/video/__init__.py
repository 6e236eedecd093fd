"""Videos and image sequences: frames in, mattes of frames out."""
