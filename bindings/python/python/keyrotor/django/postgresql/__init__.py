"""The database engine `keyrotor.django.postgresql`."""
