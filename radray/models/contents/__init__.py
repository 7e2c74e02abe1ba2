"""What the files of a model folder say, held within bounds before anything is built from it."""
