"""Spec -> Plan: a flat, ordered list of named ops with their shapes."""
