"""Turns the SAM template into plain CloudFormation, as AWS itself does when a stack is deployed.

    transform.py TEMPLATE [--code FUNCTION=s3://BUCKET/KEY ...] > template.json

For the linters and tests, which need no account for it. It packages nothing and calls nobody.
"""

import argparse
import json
import os
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

NOT_PACKAGED = "s3://not-packaged/not-packaged.zip"
FUNCTION = "AWS::Serverless::Function"


def main():
    arguments = read_arguments()
    with open(arguments.template, encoding="utf-8") as file:
        template = yaml_parse(file)
    place(template, dict(arguments.code))
    # The translator wants to know a region, for the partition alone; nobody is called.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    plain = transform(template, {}, NoManagedPolicies())
    json.dump(plain, sys.stdout, indent=1)
    print()


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("template")
    parser.add_argument("--code", action="append", default=[], type=location, metavar="FUNCTION=s3://BUCKET/KEY")
    return parser.parse_args()


def location(text):
    function, sign, place = text.partition("=")
    if not sign or not place.startswith("s3://"):
        raise argparse.ArgumentTypeError(f"expected FUNCTION=s3://BUCKET/KEY, found {text}")
    return function, place


def place(template, code):
    """Says where each function's archive is; the folders in the template are for `sam build` alone."""
    functions = {name: found for name, found in template["Resources"].items() if found["Type"] == FUNCTION}
    if unknown := sorted(code.keys() - functions.keys()):
        sys.exit(f"the template has no function {', '.join(unknown)}")
    for name, function in functions.items():
        function["Properties"]["CodeUri"] = code.get(name, NOT_PACKAGED)


class NoManagedPolicies:
    """Every role is written out in the template, so there is no policy of AWS's to look up."""

    def load(self):
        return {}


if __name__ == "__main__":
    main()
