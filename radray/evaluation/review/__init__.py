"""The blinded review by radiologists: the sheet, its files, its summary and the readers' agreement."""
