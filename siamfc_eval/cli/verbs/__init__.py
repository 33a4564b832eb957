"""One file per verb, loaded when the verb is used."""
