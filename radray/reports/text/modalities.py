"""DICOM modality codes, also by their codes in HL7's table of diagnostic services."""

_DICOM = frozenset(
    {"BMD", "CR", "CT", "DX", "ES", "IO", "IVUS", "MG", "MR", "NM", "OCT", "OP", "OT", "PT", "PX", "RF", "RG", "SM"}
    | {"US", "XA", "XC"}
)
_HL7_0074 = {
    # HL7 v2 table 0074, diagnostic service section: codes of a single modality ("RAD" and "RX" are any X-ray)
    "NMR": "MR",
    "NMS": "NM",
    "RUS": "US",
    "OUS": "US",
    "VUS": "US",
    "CUS": "US",
    "XRC": "RF",
}


def modality_of(code: str | None) -> str | None:
    """Return the DICOM modality of `code`, a code of DICOM or HL7; None where it has none, or several."""
    code = (code or "").strip().upper()
    return code if code in _DICOM else _HL7_0074.get(code)
