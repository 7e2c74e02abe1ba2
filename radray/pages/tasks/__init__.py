"""How the tasks other than the impression did: tables and sentences, floors first."""
