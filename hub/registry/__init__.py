"""The register: people and households, each value with its source, losing values still to be seen."""
