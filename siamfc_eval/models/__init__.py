"""Networks of the SiamFC family: backbones, necks, heads, a registry by name, checkpoint loading.

What other rooms use:

- `registry.build_model(name, **options)`, `registry.model_names()`: a fresh network (training mode).
- `checkpoints.load_model(path, name=None, source=None, device="cpu")`: the network that a weights file holds, in
  evaluation mode, layout detected, preprocessing set; `checkpoints.load_weights(model, path)` fills a model that
  exists; `saving.save_model(model, path)` writes our own safetensors.
- `siamese`: the interface of all networks. `kind` is "fc" or "rpn"; `template(images)` then `detect(template, search)`
  track; `select_template`/`join_templates` take batches apart and together. RPN: `objectness(cls)`, `offsets(loc)`.
- `acceleration.prepare_for_inference(model)`: batch norm folded, channels-last.
- `engines.prepare.prepare(model, device, computing)`: the same, with the backbone computed by an engine.
- `info.model_info(name)`: sizes, parameters and multiply-adds without building real weights.
- `onnx_export.export_onnx(model, path)`.

Nothing is imported here, so that importing this package does not import torch.
"""
