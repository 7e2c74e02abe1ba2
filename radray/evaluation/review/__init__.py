"""The blinded review by radiologists: the sheet, its files, the results and the agreement of the readers."""
