from llm_book.pretrained.family import read_rope

scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
           "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}  # fmt: skip
hub = {"rope_theta": 500_000.0, "rope_scaling": scaling}
transformers_5 = {"rope_parameters": {"rope_theta": 500_000.0, **scaling}}

for fields in (hub, transformers_5):
    naive = fields.get("rope_theta", 10_000.0), fields.get("rope_scaling") is not None
    print("naive:", naive, "ours:", read_rope(fields)["rope_theta"], read_rope(fields)["rope_type"])
