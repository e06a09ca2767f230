"""Measuring in fresh processes: how they are started, what they measure, and how it is put together."""
