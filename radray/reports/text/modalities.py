"""DICOM modality codes, and what HL7's table of diagnostic services calls them."""

_DICOM = frozenset(
    {"BMD", "CR", "CT", "DX", "ES", "IO", "IVUS", "MG", "MR", "NM", "OCT", "OP", "OT", "PT", "PX", "RF", "RG", "SM"}
    | {"US", "XA", "XC"}
)
_HL7_0074 = {
    # HL7 v2 table 0074, diagnostic service section: those of one modality ("RAD" and "RX" are any X-ray)
    "NMR": "MR",
    "NMS": "NM",
    "RUS": "US",
    "OUS": "US",
    "VUS": "US",
    "CUS": "US",
    "XRC": "RF",
}


def modality_of(code: str | None) -> str | None:
    """Return the DICOM modality that `code`, of DICOM or HL7, names; None where it names none, or several."""
    code = (code or "").strip().upper()
    return code if code in _DICOM else _HL7_0074.get(code)
