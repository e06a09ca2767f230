"""Samples -> estimates, intervals and judgements; needs no torch."""
