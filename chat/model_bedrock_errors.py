"""Amazon Bedrock's failures -> one sentence each."""

import re
from typing import TYPE_CHECKING

from chat.model_errors import ModelError, excerpt, too_long

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_THROTTLED = {
    "throttlingexception",
    "throttling",
    "toomanyrequestsexception",
    "servicequotaexceededexception",
    "modelnotreadyexception",
    "serviceunavailableexception",
    "slowdown",
}
_EXPIRED = {"expiredtokenexception", "expiredtoken", "requestexpired", "requesttimetooskewed"}
_NOT_KNOWN = {
    "unrecognizedclientexception",
    "invalidclienttokenid",
    "invalidsignatureexception",
    "signaturedoesnotmatch",
    "missingauthenticationtokenexception",
    "incompletesignature",
}
_BROKEN = {"internalserverexception", "modelstreamerrorexception", "modelerrorexception"}
_AREAS = {"us-gov-": "us-gov.", "us-": "us.", "ca-": "us.", "eu-": "eu."}


def from_bedrock(error: BaseException, spec: str, region: str) -> ModelError | None:
    """The `ModelError` for an exception of boto3, or None where it is none of theirs.

    Args:
        error: what boto3 or LangChain raised.
        spec: the model string.
        region: where the call went, "" when there was none.
    """
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        return _from_code(error, spec, region)
    if isinstance(error, aws.NoRegionError | aws.InvalidRegionError):
        return ModelError(
            "no_region",
            "No AWS region is set. Set GUIDE_BEDROCK_REGION (or AWS_REGION), as in us-east-1.",
        )
    if isinstance(error, aws.ProfileNotFound):
        return ModelError(
            "no_credentials",
            f"{excerpt(error).rstrip('.')}. Check GUIDE_BEDROCK_PROFILE or AWS_PROFILE.",
        )
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return ModelError(
            "no_credentials",
            "No AWS credentials were found. Run aws configure (or aws sso login), "
            "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK.",
        )
    if isinstance(error, aws.SSOError | aws.TokenRetrievalError | aws.CredentialRetrievalError):
        return expired("The AWS sign-in has expired or failed.")
    if isinstance(error, aws.ReadTimeoutError):
        return ModelError(
            "timeout",
            f"{spec} stopped sending. Try again, or choose a faster model.",
        )
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError):
        return ModelError(
            "connection",
            "Bedrock can't be reached. Check the network and the region "
            "(GUIDE_BEDROCK_REGION, AWS_REGION), and GUIDE_BEDROCK_ENDPOINT_URL if it is set.",
        )
    return None


def expired(what: str) -> ModelError:
    """Credentials that were good once."""
    return ModelError(
        "expired_credentials",
        f"{what} Run aws sso login, or renew the credentials, and try again.",
    )


def _from_code(error: "ClientError", spec: str, region: str) -> ModelError:
    model = spec.partition(":")[2]
    details = error.response.get("Error", {})
    code = str(details.get("Code", "")).lower()
    message = str(details.get("Message", ""))
    if code in _THROTTLED:
        return ModelError(
            "throttled",
            f"Bedrock is busy or limits the calls of {model}. Wait a minute and try again; "
            "if it goes on, ask for a higher quota or use a cross-region profile.",
        )
    if code in _EXPIRED or "signature expired" in message.lower():
        return expired("The AWS credentials have expired (or the computer's clock is wrong).")
    if code in _NOT_KNOWN or "api key is valid" in message.lower():
        return ModelError(
            "no_credentials",
            "AWS does not know these credentials. "
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile, or the API key.",
        )
    if code in {"modeltimeoutexception", "requesttimeoutexception"}:
        return ModelError(
            "timeout", f"{model} took too long on Bedrock's side. Try again, or ask for less."
        )
    if code == "accessdeniedexception":
        return _denied(model, message)
    if code in {"validationexception", "resourcenotfoundexception"}:
        return _invalid(error, message, spec, region)
    if code in _BROKEN:
        return ModelError("other", f"Bedrock failed while {model} answered. Try again.")
    return ModelError("other", f"Bedrock refused the call of {model} ({excerpt(message or code)}).")


def _denied(model: str, message: str) -> ModelError:
    action = re.search(r"not authorized to perform: ([\w:-]+)", message)
    if action:
        also = "streaming also needs bedrock:InvokeModelWithResponseStream"
        if action[1] == "bedrock:Rerank":
            also = "reranking also needs bedrock:InvokeModel"
        return ModelError(
            "access_denied",
            f"The AWS identity may not call {model}: allow {action[1]} on it ({also}).",
        )
    return ModelError(
        "access_denied",
        f"This AWS account has no access to {model} in this region. "
        "Enable it in the Bedrock console, or choose another model or region.",
    )


def _invalid(error: "ClientError", message: str, spec: str, region: str) -> ModelError:
    model = spec.partition(":")[2]
    lowered = message.lower().replace("’", "'")
    if "on-demand throughput isn't supported" in lowered or "inference profile" in lowered:
        area = next((p for start, p in _AREAS.items() if region.startswith(start)), "global.")
        return ModelError(
            "needs_inference_profile",
            f"{model} is offered only through an inference profile. "
            f"Use bedrock_converse:{area}{model} (the console lists all profiles).",
        )
    if "use case details" in lowered:
        return ModelError(
            "access_denied",
            f"{model} needs the provider's use case form. Fill it in once in the Bedrock console.",
        )
    if "guardrail" in lowered and re.search(r"not exist|not found|invalid|identifier", lowered):
        return ModelError(
            "other",
            "The guardrail does not exist in this region. "
            "Check GUIDE_BEDROCK_GUARDRAIL_ID and GUIDE_BEDROCK_GUARDRAIL_VERSION.",
        )
    if re.search(r"model identifier|model id|end of its life|could not resolve the found", lowered):
        return ModelError(
            "unknown_model",
            f"Bedrock has no model {model} in this region. "
            "Check the id in the Bedrock console, or choose another region.",
        )
    from langchain_core.exceptions import ContextOverflowError

    if isinstance(error, ContextOverflowError):
        return too_long(spec)
    return ModelError("other", f"Bedrock refused the call of {model} ({excerpt(message)}).")
