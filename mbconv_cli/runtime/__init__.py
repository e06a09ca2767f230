"""The only room that imports torch and fvcore. Whoever needs it imports its files when needed, not before."""
