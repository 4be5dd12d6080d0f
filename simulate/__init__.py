"""A province to try Yunqiao on: people who do not exist, in the files that departments would send.

Knows :mod:`schema` only. The one entry is :func:`simulate.province.simulate`.
"""
