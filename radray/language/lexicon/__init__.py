"""The words of the language layer: concepts, attributes, cues and how they are matched."""
