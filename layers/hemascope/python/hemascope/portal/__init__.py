"""What people ask for through the portal, and who may have it. Pure: on ports, without a cloud."""
