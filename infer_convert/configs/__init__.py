"""Stored configs: what ``model_config`` of any Keras says, as a Plan, by our own rules and never by deserialising.

``parse`` -> ``supplied`` -> ``rewrite`` -> ``placed`` -> ``rebuilt``/``lowered`` -> ``channels_last`` -> Plan. Nothing
here imports Keras; ``build/`` makes the model from allow-lists.
"""

from __future__ import annotations

from infer_convert.configs.infer import has_config, plan_from_config

__all__ = ["has_config", "plan_from_config"]
