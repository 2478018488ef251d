"""Fine-tunes people's own Hugging Face models (sft, reward, dpo, grpo; adapters or whole) through TRL and PEFT.

It knows a model folder and files of examples; it does not know our own networks, the registry, jobs or customers.
"""
