"""Puts Daybook into a running ministack, as a deployment would: code to S3, the transformed template to CloudFormation.

    deploy.py code   once: zips the binaries and uploads them, transforms the template
    deploy.py stack  creates one stack of it, and does what ministack's CloudFormation leaves undone

Each reads a JSON document from standard input and answers with one. It decides nothing about the template.
"""

import io
import json
import pathlib
import shutil
import subprocess
import sys
import time
import zipfile

import boto3
from botocore.config import Config
from samtranslator.yaml_helper import yaml_parse

BUCKET = "code"
FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
TABLE = "AWS::DynamoDB::Table"


def client(asked, service):
    config = Config(retries={"max_attempts": 1}, read_timeout=60)
    return boto3.client(service, endpoint_url=asked["endpoint"], config=config)


def plain(name):
    """`SyncWorkerFunction` and `sync_worker` are the same."""
    return name.lower().replace("_", "").removesuffix("function")


def zipped(binary, room):
    """One function as Lambda wants it: a stripped executable named `bootstrap`."""
    copy = pathlib.Path(room) / binary.name
    shutil.copy(binary, copy)
    subprocess.run(["strip", str(copy)], check=False)
    packed = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(entry, copy.read_bytes())
    copy.unlink()
    return packed.getvalue()


def functions_of(template):
    """The logical ids of the functions, by their plain names."""
    resources = yaml_parse(pathlib.Path(template).read_text())["Resources"]
    return {plain(name): name for name, found in resources.items() if found["Type"] == "AWS::Serverless::Function"}


def code(asked):
    s3 = client(asked, "s3")
    where = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    places = []
    logicals = functions_of(asked["template"])
    for binary in asked["functions"]:
        logical = logicals[plain(binary)]
        key = f"{binary}.zip"
        body = zipped(pathlib.Path(asked["binaries"]) / binary, asked["room"])
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        places += ["--code", f"{logical}=s3://{BUCKET}/{key}"]
    transform = [sys.executable, asked["transform"], asked["template"], *places]
    done = subprocess.run(transform, check=True, stdout=subprocess.PIPE)
    template = pathlib.Path(asked["room"]) / "template.json"
    template.write_bytes(done.stdout)
    return {"template": str(template)}


def fitted(template, asked):
    """Values that a test wants otherwise, for the functions that read them; and a parameter's number as a number."""
    for resource in template["Resources"].values():
        if resource["Type"] == MAPPING and "ScalingConfig" in resource["Properties"]:
            scaling = resource["Properties"]["ScalingConfig"]
            scaling["MaximumConcurrency"] = number(scaling["MaximumConcurrency"], template, asked["parameters"])
        if resource["Type"] != FUNCTION:
            continue
        variables = resource["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
        named = {name: value for name, value in asked["environment"].items() if name in variables}
        variables.update(named)
    return template


def uploaded(asked, template):
    """Where the template can be read: it is longer than a call may carry."""
    key = f"{asked['stack']}.json"
    client(asked, "s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template).encode())
    return f"{asked['endpoint']}/{BUCKET}/{key}"


def create(asked, template):
    formation = client(asked, "cloudformation")
    known = template.get("Parameters", {})
    given = {name: value for name, value in asked["parameters"].items() if name in known}
    formation.create_stack(
        StackName=asked["stack"],
        TemplateURL=uploaded(asked, template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    for _ in range(600):
        stack = formation.describe_stacks(StackName=asked["stack"])["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.05)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = formation.describe_stack_events(StackName=asked["stack"])["StackEvents"]
        failed = [event for event in events if "FAILED" in event["ResourceStatus"]]
        sys.exit(f"{stack['StackStatus']}: {[(e['LogicalResourceId'], e.get('ResourceStatusReason')) for e in failed]}")
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=asked["stack"])
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return resources, outputs


def number(value, template, parameters):
    """A number of the template: written there, or a parameter's."""
    if isinstance(value, dict) and "Ref" in value:
        name = value["Ref"]
        value = parameters.get(name, template.get("Parameters", {}).get(name, {}).get("Default"))
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def finish(asked, template, resources):
    """Settings that ministack's CloudFormation passes over in silence."""
    functions, tables = client(asked, "lambda"), client(asked, "dynamodb")
    for resource in resources:
        properties = template["Resources"][resource["LogicalResourceId"]].get("Properties", {})
        name = resource["PhysicalResourceId"]
        if resource["ResourceType"] == TABLE and "TimeToLiveSpecification" in properties:
            specification = properties["TimeToLiveSpecification"]
            tables.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
        if resource["ResourceType"] == FUNCTION:
            reserved = number(properties.get("ReservedConcurrentExecutions"), template, asked["parameters"])
            if reserved is not None:
                functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)


def described(asked, resources):
    """The functions, each with what its role allows, every intrinsic resolved."""
    functions, roles = client(asked, "lambda"), client(asked, "iam")
    found = {}
    for resource in resources:
        if resource["ResourceType"] != FUNCTION:
            continue
        name = resource["PhysicalResourceId"]
        config = functions.get_function_configuration(FunctionName=name)
        if not config["CodeSize"]:
            sys.exit(f"{name} has no code")
        role = config["Role"].rsplit("/", 1)[-1]
        policies = roles.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [roles.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"] for policy in policies]
        statements = [statement for document in documents for statement in as_list(document["Statement"])]
        found[plain(resource["LogicalResourceId"])] = {"name": name, "statements": statements}
    return found


def as_list(value):
    return value if isinstance(value, list) else [value]


def schedules(template):
    kept = [resource for resource in template["Resources"].values() if resource["Type"] == "AWS::Scheduler::Schedule"]
    return [json.loads(schedule["Properties"]["Target"]["Input"]) for schedule in kept]


def stack(asked):
    template = fitted(json.loads(pathlib.Path(asked["template"]).read_text()), asked)
    resources, outputs = create(asked, template)
    finish(asked, template, resources)
    return {
        "outputs": outputs,
        "functions": described(asked, resources),
        "schedules": schedules(template),
        "resources": {r["LogicalResourceId"]: [r["ResourceType"], r["PhysicalResourceId"]] for r in resources},
    }


if __name__ == "__main__":
    answer = {"code": code, "stack": stack}[sys.argv[1]](json.load(sys.stdin))
    json.dump(answer, sys.stdout)
