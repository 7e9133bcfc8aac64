"""The recipe a user would write today from the libraries' documentation, in its best form.

Ray Tune runs a function per trial that calls `TorchTrainer(num_workers=1)`; Optuna suggests, ASHA
may stop, Ray's callback logs to MLflow; transformers' Trainer runs each phase. The encoder is
pretrained and every row tokenised and on disk beforehand. Usage: python recipe.py PLAN DIRECTORY,
where PLAN is what `against_recipe` writes. Nothing here is stiltune.
"""

import json
import os
import random
import sys
from pathlib import Path

os.environ["RAY_TRAIN_HEALTH_CHECK_INTERVAL_S"] = "0.2"  # its default of 2 s slows every trial

import numpy as np
import ray.train
import torch
import transformers as hf
from datasets import concatenate_datasets, load_from_disk
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.train.torch import TorchTrainer
from ray.tune.integration.ray_train import TuneReportCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from torch.utils.data import DataLoader

KINDS = {"text": (hf.AutoModelForSequenceClassification, hf.DataCollatorWithPadding),
         "tagging": (hf.AutoModelForTokenClassification, hf.DataCollatorForTokenClassification)}


class MultiTask(torch.nn.Module):
    """One encoder with one linear head a task; a batch is of one task."""

    def __init__(self, encoder, tasks):
        super().__init__()
        self.encoder, self.tasks = encoder, tasks
        self.heads = torch.nn.ModuleDict({
            name: torch.nn.Linear(encoder.config.hidden_size, task["labels"])
            for name, task in tasks.items()})

    def forward(self, input_ids, attention_mask, labels, task):
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        logits = self.heads[task](states if self.tasks[task]["kind"] == "tagging" else states[:, 0])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())
        return {"loss": loss, "logits": logits}


class MultiTaskTrainer(hf.Trainer):
    def get_train_dataloader(self):
        return DataLoader(self.train_dataset, batch_size=None, shuffle=True)  # of whole batches


def arguments(plan, steps, rate, **more):
    return hf.TrainingArguments(
        output_dir="work", max_steps=steps, learning_rate=rate, warmup_steps=steps // 10,
        per_device_train_batch_size=plan["batch_size"], per_device_eval_batch_size=64,
        weight_decay=0.01, use_cpu=True, save_strategy="no", disable_tqdm=True, **more)


def rows_of(plan, task, language, split):
    return load_from_disk(f"{plan['data']}/{task}-{language}-{split}")


def multi_task_batches(plan, config, tokenizer):
    """Draw the mixture's batches, each of one task, its rows from the trial's languages."""
    batches = []
    for name in plan["intermediate"]:
        count = round(config[name] * plan["intermediate_steps"])
        if count:
            rows = concatenate_datasets([rows_of(plan, name, language, "train") for language in
                                         plan["language_sets"][config["languages"]]])
            collator = KINDS[plan["tasks"][name]["kind"]][1](tokenizer)
            chosen = random.choices(range(len(rows)), k=count * plan["batch_size"])
            for start in range(0, len(chosen), plan["batch_size"]):
                drawn = rows.select(chosen[start : start + plan["batch_size"]])
                batches.append({**collator(list(drawn)), "task": name})
    return batches


def train_trial(config):
    """Run all phases of a trial in one Ray Train worker."""
    torch.set_num_threads(1)
    plan, tuned_from = config["plan"], config["plan"]["encoder"]
    tokenizer = hf.AutoTokenizer.from_pretrained(plan["tokenizer"])
    batches = multi_task_batches(plan, config, tokenizer)
    if batches:
        model = MultiTask(hf.AutoModel.from_pretrained(tuned_from), plan["tasks"])
        MultiTaskTrainer(model, arguments(plan, len(batches), config["learning_rate"],
                                          ddp_find_unused_parameters=True),
                         train_dataset=batches).train()
        tuned_from = f"{Path.cwd()}/intermediate"
        model.encoder.save_pretrained(tuned_from)
    metrics = {}
    for target in plan["targets"]:
        task = plan["tasks"][target]
        family, collator = KINDS[task["kind"]]
        model = family.from_pretrained(tuned_from, num_labels=task["labels"])
        trainer = hf.Trainer(model, arguments(plan, plan["target_steps"], plan["target_rate"]),
                             collator(tokenizer), rows_of(plan, target, "en", "train"))
        trainer.train()
        metrics |= evaluate(plan, target, trainer)
    score = np.mean([points for name, points in metrics.items() if "validation" in name])
    ray.train.report({"score": float(score), **metrics})


def evaluate(plan, target, trainer):
    """Predict both panels in one pass; return the accuracy in each language, in points."""
    sets = {f"{split}_{target}_{language}": rows_of(plan, target, language, split)
            for split, languages in plan["panels"].items() for language in languages}
    found = trainer.predict(concatenate_datasets(list(sets.values())))
    right = found.predictions.argmax(-1) == found.label_ids
    edges = [0, *np.cumsum([len(rows) for rows in sets.values()])]
    counted = found.label_ids != -100
    return {name: 100 * float(right[low:high][counted[low:high]].mean())
            for name, low, high in zip(sets, edges, edges[1:], strict=False)}


def trial(config, plan):  # the function that Tune calls
    TorchTrainer(
        train_trial, train_loop_config={**config, "plan": plan},
        scaling_config=ray.train.ScalingConfig(num_workers=1, resources_per_worker={"CPU": 0.9}),
        run_config=ray.train.RunConfig(
            name=tune.get_context().get_trial_id(), storage_path=plan["results"],
            callbacks=[TuneReportCallback()])).fit()


def main(plan_path, directory):
    plan = json.loads(Path(plan_path).read_text()) | {"results": f"{directory}/results"}
    ray.init(address="local", include_dashboard=True)  # else an early stop hangs the search
    space = {name: tune.uniform(0, 1) for name in plan["intermediate"]}
    space |= {"learning_rate": tune.loguniform(1e-4, 1e-2),
              "languages": tune.choice(list(plan["language_sets"]))}
    found = tune.Tuner(
        tune.with_resources(tune.with_parameters(trial, plan=plan), {"cpu": 0.01}),
        tune_config=tune.TuneConfig(
            metric="score", mode="max", num_samples=len(plan["points"]), max_concurrent_trials=2,
            scheduler=ASHAScheduler(), search_alg=OptunaSearch(
                space, metric="score", mode="max", points_to_evaluate=plan["points"])),
        run_config=tune.RunConfig(storage_path=plan["results"], callbacks=[MLflowLoggerCallback(
            tracking_uri=f"sqlite:///{directory}/mlflow.db", experiment_name="recipe")])).fit()
    print(json.dumps({"trials": len(found), "errors": len(found.errors),  # noqa: T201
                      "scores": [result.metrics["score"] for result in found]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
