"""AWS as far as the platform stack needs it, on this machine: moto, and the parts of EKS that moto lacks.

    python imitated_aws.py      prints its address, and serves until its standard input closes

Nothing runs in it: a cluster is a record, and a node group starts no machine. What it proves is that the AWS provider's
calls are accepted, that what was made is read back as it was written, and that a destroy takes all of it away again.
"""

import json
import re
import sys
import threading
import time
import uuid
from io import BytesIO
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

ACCOUNT = "123456789012"

moto = DomainDispatcherApplication(create_backend_app)
addons, access_entries, access_policies, associations = {}, {}, {}, {}
# What moto accepts and does not remember: the bodies that made clusters and node groups.
bodies = {}
group_tags = {}
# Policies of queues, by their addresses. Moto does not know the one, and forgets the other when another attribute is set.
queue_policies = {}
QUEUE_POLICIES = {"RedriveAllowPolicy", "Policy"}


def answer(body, status=200):
    return Response(json.dumps(body), status, content_type="application/json")


def not_found(what):
    response = answer({"message": f"{what} not found"}, 404)
    response.headers["x-amzn-ErrorType"] = "ResourceNotFoundException"
    return response


def invalid_parameter(message):
    response = answer({"message": message}, 400)
    response.headers["x-amzn-ErrorType"] = "InvalidParameterException"
    return response


def arn(kind, *names):
    return f"arn:aws:eks:us-west-2:{ACCOUNT}:{kind}/{'/'.join(names)}/{uuid.uuid4()}"


def times():
    return {"createdAt": time.time(), "modifiedAt": time.time()}


def forward(request, data=None):
    data = request.get_data() if data is None else data
    request.environ |= {"wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data))}
    return Response.from_app(moto, request.environ)


def addon(request, cluster, name):
    if request.method == "POST" and name is None:
        body = request.get_json()
        name = body["addonName"]
        # The provider asks for these as names of associations, which are made with the add-on.
        kept = {key: value for key, value in body.items() if key not in ("resolveConflicts", "clientRequestToken")}
        kept.pop("podIdentityAssociations", None)
        ours = {"clusterName": cluster, "addonArn": arn("addon", cluster, name), "status": "ACTIVE", "health": {"issues": []}}
        addons[cluster, name] = {**kept, **ours, **times()}
    elif (cluster, name) not in addons:
        return not_found(f"add-on {name}")
    found = addons[cluster, name]
    if request.method == "DELETE":
        del addons[cluster, name]
    return answer({"addon": found})


def access_entry(request, cluster, principal):
    if request.method == "POST":
        body = request.get_json()
        principal = body["principalArn"]
        ours = {"clusterName": cluster, "accessEntryArn": arn("access-entry", cluster), "username": principal, "kubernetesGroups": []}
        access_entries[cluster, principal] = {"type": "STANDARD", "tags": {}, **ours, **body, **times()}
    elif (cluster, principal) not in access_entries:
        return not_found(f"access entry {principal}")
    found = access_entries[cluster, principal]
    if request.method == "DELETE":
        del access_entries[cluster, principal]
    return answer({"accessEntry": found})


def access_policy(request, cluster, principal, policy):
    if (cluster, principal) not in access_entries:
        return not_found(f"access entry {principal}")
    associated = access_policies.setdefault((cluster, principal), [])
    if request.method == "POST":
        made = {**request.get_json(), "associatedAt": time.time(), "modifiedAt": time.time()}
        associated.append(made)
        return answer({"clusterName": cluster, "principalArn": principal, "associatedAccessPolicy": made})
    if request.method == "DELETE":
        associated[:] = [one for one in associated if one["policyArn"] != policy]
        return answer({})
    return answer({"clusterName": cluster, "principalArn": principal, "associatedAccessPolicies": associated})


def association(request, cluster, name):
    if request.method == "POST" and name is None:
        name = f"a-{uuid.uuid4().hex[:17]}"
        ours = {"clusterName": cluster, "associationId": name, "associationArn": arn("podidentityassociation", cluster)}
        associations[name] = {"tags": {}, **request.get_json(), **ours, **times()}
    elif name not in associations:
        return not_found(f"association {name}")
    found = associations[name]
    if request.method == "DELETE":
        del associations[name]
    return answer({"association": found})


def cluster_or_node_group(request, cluster, node_group):
    """Moto's own answer, with what it has forgotten and without what it has made up."""
    written = json.loads(request.get_data() or "{}")
    if unknown := [name for name in written.get("instanceTypes", []) if name not in INSTANCE_TYPES]:
        return invalid_parameter(f"The following supplied instance types do not exist: [{', '.join(unknown)}]")
    response = forward(request)
    if response.status_code != 200 or not response.is_json:
        return response
    body = response.get_json()
    found = body.get("nodegroup") or body.get("cluster")
    if found is None:
        return response
    key = (found.get("clusterName"), found.get("nodegroupName") or found["name"])
    made = bodies.setdefault(key, written)
    if "cluster" in body:
        found |= {name: made[name] for name in ("accessConfig", "upgradePolicy") if name in made}
        found["certificateAuthority"] = {"data": "QVdT"}
        found["kubernetesNetworkConfig"] = {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"}
        found["resourcesVpcConfig"] |= {"clusterSecurityGroupId": "sg-0123456789abcdef0", "securityGroupIds": []}
    else:
        for invented in ("remoteAccess", "diskSize"):
            found.pop(invented, None)
        found |= {name: made[name] for name in ("updateConfig", "nodeRepairConfig", "launchTemplate") if name in made}
        found["resources"] = {"autoScalingGroups": [{"name": f"eks-{found['nodegroupName']}-{uuid.UUID(int=0)}"}]}
    if request.method == "DELETE":
        del bodies[key]
    return answer(body)


def node_group_update(request, cluster, node_group):
    """EKS's rules for the numbers of a group, which moto does not check. The provider always sends all three."""
    sizes = request.get_json().get("scalingConfig", {})
    if len(sizes) == 3 and sizes["desiredSize"] > sizes["maxSize"]:
        return invalid_parameter(f"desired capacity {sizes['desiredSize']} can't be greater than max size {sizes['maxSize']}")
    if len(sizes) == 3 and sizes["minSize"] > sizes["desiredSize"]:
        return invalid_parameter(f"Minimum capacity {sizes['minSize']} can't be greater than desired size {sizes['desiredSize']}")
    return forward(request)


def update(request, cluster, name):
    return answer({"update": {"id": name, "status": "Successful", "type": "ConfigUpdate", "params": [], "errors": [], **times()}})


def auto_scaling_group_tags(form):
    """Tags of groups that EKS would have made: moto refuses them, as it has no such group."""
    action = form["Action"]
    result = ""
    if action == "DescribeTags":
        named = {form[f"Filters.member.{i}.Name"]: form.get(f"Filters.member.{i}.Values.member.1") for i in members(form, "Filters", "Name")}
        wanted = (named.get("auto-scaling-group"), named.get("key"))
        items = "".join(
            f"<member><ResourceId>{escape(group)}</ResourceId><ResourceType>auto-scaling-group</ResourceType>"
            f"<Key>{escape(key)}</Key><Value>{escape(value)}</Value><PropagateAtLaunch>{propagate}</PropagateAtLaunch></member>"
            for (group, key), (value, propagate) in group_tags.items()
            if wanted[0] in (None, group) and wanted[1] in (None, key)
        )
        result = f"<DescribeTagsResult><Tags>{items}</Tags></DescribeTagsResult>"
    for i in members(form, "Tags", "Key"):
        tag = {name: form.get(f"Tags.member.{i}.{name}", "") for name in ("ResourceId", "Key", "Value", "PropagateAtLaunch")}
        key = (tag["ResourceId"], tag["Key"])
        if action == "DeleteTags":
            group_tags.pop(key, None)
        else:
            group_tags[key] = (tag["Value"], tag["PropagateAtLaunch"])
    body = f'<{action}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">{result}</{action}Response>'
    return Response(body, content_type="text/xml")


def members(form, name, field):
    return [i for i in range(1, 100) if f"{name}.member.{i}.{field}" in form]


def without_template_tags(request):
    """Moto counts a launch template's own tags among those of its instances."""
    response = forward(request)
    own = rb"<item>\s*<resourceType>launch-template</resourceType>.*?</tagSet>\s*</item>"
    response.data = re.sub(own, b"", response.data, flags=re.DOTALL)
    return response


def queue(request, data):
    """A queue with its policies, and with JSON without spaces, as SQS answers it."""
    action = request.headers.get("X-Amz-Target", "").split(".")[-1]
    body = json.loads(data or "{}")
    url, written, asked = body.get("QueueUrl"), body.get("Attributes", {}), body.get("AttributeNames", [])
    if action == "SetQueueAttributes":
        # An empty text removes a policy.
        ours = {name: written.pop(name) for name in QUEUE_POLICIES & set(written)}
        queue_policies.setdefault(url, {}).update(ours)
    if action == "DeleteQueue":
        queue_policies.pop(url, None)
    if action != "GetQueueAttributes":
        return forward(request, json.dumps(body).encode())
    known = [name for name in asked if name not in QUEUE_POLICIES]
    response = forward(request, json.dumps({**body, "AttributeNames": known or ["QueueArn"]}).encode())
    if response.status_code != 200:
        return response
    found = json.loads(response.get_data()).get("Attributes", {}) if known else {}
    if "RedrivePolicy" in found:
        found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
    for name, text in queue_policies.get(url, {}).items():
        if text and {"All", name} & set(asked):
            found[name] = text
    response.set_data(json.dumps({"Attributes": found}))
    return response


ROUTES = [
    (r"/clusters/([^/]+)/addons(?:/([^/]+))?", addon),
    (r"/clusters/([^/]+)/access-entries/([^/]+)/access-policies(?:/([^/]+))?", access_policy),
    (r"/clusters/([^/]+)/access-entries(?:/([^/]+))?", access_entry),
    (r"/clusters/([^/]+)/pod-identity-associations(?:/([^/]+))?", association),
    (r"/clusters/([^/]+)/node-groups/([^/]+)/update-config", node_group_update),
    (r"/clusters/([^/]+)/updates/([^/]+)", update),
    (r"/clusters(?:/([^/]+))?(?:/node-groups(?:/([^/]+))?)?", cluster_or_node_group),
]


@Request.application
def application(request):
    # Undecoded: a principal's ARN is one part of a path and has a slash itself.
    path = request.environ["RAW_URI"].split("?")[0]
    for pattern, handle in ROUTES:
        if matched := re.fullmatch(pattern, path):
            return handle(request, *(part and unquote(part) for part in matched.groups()))
    service = re.search(r"/(\w+)/aws4_request", request.headers.get("Authorization", ""))
    data = request.get_data()
    if service and service[1] == "autoscaling" and b"Tags" in data:
        return auto_scaling_group_tags(dict(parse_qsl(data.decode(), keep_blank_values=True)))
    if service and service[1] == "sqs":
        return queue(request, data)
    if service and service[1] == "ec2" and b"LaunchTemplateVersions" in data:
        return without_template_tags(request)
    return forward(request)


# One request at a time: moto is not made for several. What fails half done is tried again, and a message of SQS that is deleted while
# another one is sent would stay or make the other one vanish.
server = make_server("127.0.0.1", 0, application)
print(f"http://127.0.0.1:{server.port}", flush=True)
# It closes when Jest dies, too, in whatever way.
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
