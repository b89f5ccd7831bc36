"""Holds what is printed for other engines against their published schemas: Kubernetes' own, and those of AWS's client."""

import json
import sys

import yaml
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from kubernetes_validate import latest_version, validate

if sys.argv[1] == "kubernetes":
    jobs = [job for job in yaml.safe_load_all(sys.stdin) if job]
    for job in jobs:
        validate(job, latest_version(), strict=True)
        assert job["kind"] == "Job" and job["metadata"]["name"], job
else:
    told = json.load(sys.stdin)
    service = ServiceModel(Loader().load_service_model("batch", "service-2"))
    check = lambda operation, text: ParamValidator().validate(text, service.operation_model(operation).input_shape)
    jobs = told["submitJobs"]
    for report in [check("RegisterJobDefinition", told["jobDefinition"]), *(check("SubmitJob", job) for job in jobs)]:
        assert not report.has_errors(), report.generate_report()
print(len(jobs))
