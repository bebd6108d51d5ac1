"""Django REST framework as its tutorial teaches it: models, nested serialisers, a generic view."""

import os
from pathlib import Path

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{Path(os.environ['BENCH_DATABASE']).as_uri()}?mode=ro",
            "OPTIONS": {"uri": True},
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=["tests.bench.peers"],
    ROOT_URLCONF=__name__,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    SECRET_KEY="of no use: nobody signs in",
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django is set up first
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import generics, serializers  # noqa: E402


class Target(models.Model):
    id = models.TextField(primary_key=True)
    symbol = models.TextField()
    name = models.TextField()
    synonyms = models.JSONField()
    role = models.TextField()
    summary = models.TextField()

    class Meta:
        managed = False
        db_table = "target"


class Publication(models.Model):
    id = models.TextField(primary_key=True)
    kind = models.TextField()
    title = models.TextField()
    authors = models.JSONField()
    journal = models.TextField(null=True)
    year = models.IntegerField(null=True)
    published = models.TextField(null=True)
    volume = models.TextField(null=True)
    issue = models.TextField(null=True)
    pages = models.TextField(null=True)
    doi = models.TextField(null=True)
    pmid = models.TextField(null=True)
    pmcid = models.TextField(null=True)
    url = models.TextField(null=True)
    keywords = models.JSONField()
    seed = models.BooleanField()

    class Meta:
        managed = False
        db_table = "publication"


class Inhibitor(models.Model):
    id = models.TextField(primary_key=True)
    name = models.TextField()
    synonyms = models.JSONField()
    brands = models.JSONField()
    scope = models.TextField()
    action = models.TextField()
    modality = models.TextField()
    format = models.TextField(null=True)
    developer = models.TextField(null=True)
    status = models.TextField()
    max_phase = models.IntegerField()
    first_approval_year = models.IntegerField(null=True)
    routes = models.JSONField()
    summary = models.TextField()
    parent = models.ForeignKey("self", models.DO_NOTHING, null=True)
    approved_for_cancer = models.BooleanField()
    targets = models.ManyToManyField(Target, db_table="inhibitor_target")
    publications = models.ManyToManyField(Publication, db_table="inhibitor_publication")

    class Meta:
        managed = False
        db_table = "inhibitor"


class Approval(models.Model):
    id = models.TextField(primary_key=True)
    agency = models.TextField()
    year = models.IntegerField(null=True)
    status = models.TextField()
    population = models.TextField(null=True)
    route = models.TextField(null=True)
    brand = models.TextField(null=True)
    inhibitor = models.ForeignKey(Inhibitor, models.DO_NOTHING, related_name="approvals")
    indication_id = models.TextField()
    for_cancer = models.BooleanField()

    class Meta:
        managed = False
        db_table = "approval"


class TargetSerializer(serializers.ModelSerializer):
    class Meta:
        model = Target
        fields = "__all__"


class PublicationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Publication
        fields = "__all__"


class ApprovalSerializer(serializers.ModelSerializer):
    class Meta:
        model = Approval
        exclude = ["inhibitor"]


class InhibitorSerializer(serializers.ModelSerializer):
    targets = TargetSerializer(many=True)
    publications = PublicationSerializer(many=True)
    approvals = ApprovalSerializer(many=True)

    class Meta:
        model = Inhibitor
        fields = "__all__"


class InhibitorDetail(generics.RetrieveAPIView):
    queryset = Inhibitor.objects.prefetch_related("targets", "publications", "approvals")
    serializer_class = InhibitorSerializer


urlpatterns = [path("inhibitors/<str:pk>", InhibitorDetail.as_view())]
application = get_wsgi_application()
