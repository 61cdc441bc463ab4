"""The mail to the clinician on duty: calm, and nothing in it but a link."""

SUBJECT = "Hemascope: a smear is done"

TEXT = """{{state_sentence}}

Open it in the portal (you will be asked to sign in):
{{link}}

Hemascope is decision support, not a diagnosis. This mail holds no name and no result on purpose.
"""

HTML = """<!doctype html>
<html lang="en">
<body style="margin:0;padding:24px;background:#f3f1f8;font-family:Helvetica,Arial,sans-serif;color:#1f1b2e">
<table role="presentation" align="center" width="100%" style="max-width:520px;background:#ffffff;border-radius:8px">
<tr><td style="padding:28px">
<p style="margin:0 0 16px;font-size:14px;color:#6a3fb5;font-weight:bold">Hemascope</p>
<p style="margin:0 0 24px;font-size:18px;line-height:1.4">{{state_sentence}}</p>
<p style="margin:0 0 24px"><a href="{{link}}"
 style="display:inline-block;padding:12px 20px;background:#6a3fb5;color:#ffffff;text-decoration:none;border-radius:6px">Open
 it in the portal</a></p>
<p style="margin:0;font-size:13px;line-height:1.5;color:#5b5570">You will be asked to sign in. Hemascope is decision
 support, not a diagnosis. This mail holds no name and no result on purpose.</p>
</td></tr></table>
</body>
</html>
"""
