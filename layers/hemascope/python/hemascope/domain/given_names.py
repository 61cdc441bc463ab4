"""Words by which ids and file names are told from names of people (``domain/personal.py``), in lower case.

Given names that are also places, months or words of a laboratory (Victoria, April, Max) are left out: they would ask too often.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SALUTATIONS = _words(
    """
    dhr dr fr frau herr hr madame mevr miss mister mlle mme monsieur mr mrs ms prof señor señora sig signor signora sr sra
    """
)

GIVEN_NAMES = _words(
    """
    aaron abdul abdullah abigail adam adriana agnes ahmad ahmed aisha albert alejandro aleksandr alessandro alexander
    alexandra alfred alice alicia alina amanda amelia amina amir amy ana andrea andreas andrei andrew angela angelika
    anita anja anke anna anne annette antje anton antonia antonio arthur astrid axel ayşe barbara beate beatrice benjamin
    bernd bernhard birgit björn boris brian brigitte bruno camille carla carlos carmen carol carolin caroline catherine
    cecilia charles chiara christa christian christiane christina christine christoph christopher clara claudia claus
    cornelia cristina daniel daniela david deborah denise dennis diana diego dieter dirk dmitri dominik donald doris
    dorothea edith eduard edward eleanor elena elias elisabeth elizabeth elke ella emilia emily emma enrique erich erika
    ernst esther eva evelyn fabian fatima fatma felix ferdinand fernando florian francesca francesco francisco frank franz
    françois françoise frederik friedrich fritz gabriel gabriela gabriele georg george gerald gerda gerhard giovanni
    gisela giulia giuseppe gregor greta gudrun guido guillermo gustav günter günther hanna hannah hannelore hans harald
    hassan hatice heike heinrich heinz helen helena helene helga helmut henrik henry herbert hermann hildegard holger
    horst hugo hussein ibrahim igor inge ingeborg ingrid irene irina isabel isabella ivan jacob jacqueline jacques jakob
    james jana jane janet jason jean jennifer jeremy jessica jesús joachim joan johanna johannes john jonas jonathan jorge
    josef joseph josephine joshua josé juan juana judith jules julia julian juliane julie jutta jörg jürgen karen karin
    karl karla katarina katharina katherine kathleen kathrin katja kerstin kevin khadija klaus konrad kristina kurt lara
    larissa laura lauren lea lena leon leonardo leonie linda lisa lothar louis louise luca lucas lucia lucy ludwig luis
    luisa luise lukas lydia magdalena maik manfred manuel manuela marcel marco marcus margaret margarete margarita maria
    mariam marianne marie marina mario marion markus marta martha martin martina mary maryam mateo matteo matthew matthias
    maximilian mehmet melanie michael michaela michail michel michelle miguel mikhail miriam mohamed mohammad mohammed
    monica monika moritz muhammad mustafa nadine nadja nancy natalia natalie nathalie nicholas nicola nicole nikolai
    nikolaus nina norbert olga oliver olivia omar oskar otto pablo paola paolo patricia paul paula paulina pauline pavel
    pedro peter petra philip philipp pierre pietro rachel rafael rainer ralf ramona raphael raquel rebecca regina reinhard
    renate ricardo richard robert roberto roland rolf ronald rosemarie rudolf ruth rüdiger sabine samantha samuel sandra
    sara sarah sebastian sergei sergey sergio sharon sibylle sigrid silke silvia simone sofia sofie sonja sophia sophie
    stefan stefanie stephan stephanie stephen steven susan susanne svetlana swen sylvia tamara tanja tatjana teresa
    theodor theresa thomas thorsten tobias torsten udo ulrich ulrike ursula ute valentina vanessa vera veronika viktor
    vincent vladimir volker walter waltraud wanda werner wilhelm william wolfgang xavier yasmin youssef yusuf yvonne zahra
    zeynep
    """
)

# Beginnings and ends of words that name nobody: languages like German write compounds as one word.
NO_NAME_STEMS = tuple(sorted(_words("ausstrich blut erythro färb häma hemat knochenmark leuk lymph micro mikro smear zell")))

# Words with a capital that stand beside each other in names of files and slides and name nobody.
NO_NAMES = _words(
    """
    abnormal after all alpha anon anonym anonymous app apr april archive aspirate atypical aufnahme aug august ausstrich
    background bad band base basophil before benign beta bild bildschirmfoto biopsy black blank blast blasts block blood
    blue blur blurred blut blutausstrich board body bone border bottom bright brightfield burst camera campione captura
    capture case cell cells center centre champ channel chart child children classic clinic close coarse color colour
    composite control copia copie copy core corrected count counted counter cover crop cropped cytology data dataset date
    datei day dec december deep default delta demo dense derecha destra detail device dez diff differential digital dim
    display document dot double down download draft droite dry dunkel early ebene edge edit edited eight entwurf eosin
    eosinophil erythroblast erythrocyte erythrocytes even example experiment export exposure external far feather feb
    februar february feld field fields figure file film filter final fine first five fixed flat flow focus folder foto
    four fourth frame fresh friday front frotis frottis full färbung gamma gauche gerät giemsa glass good granulocyte gray
    green grey grid group größe grün grünwald half hand heat hell hematogone hematogones hematology hematoxylin high
    histology hoechst hospital iii image imagen imagenes images imaging immagine imported in index inner input internal
    iphone iris item izquierda jan januar january jenner jul july jun june kamera keep kelvin key knochenmark kopie korr
    lab label labor laboratory lame large last late layer left leica leishman lens leukemia leukocyte light line link
    links list live local lot low lower lymph lymphoblast lymphocyte lymphocytes macro magnified main malignant map mar
    march marked marrow mask master mature max maximum may mean measure measured medium mega merged meta microscope
    microscopy mid middle mikroskop mild mini minimum mirror mitte mixed mode model moelle monday monitor mono monocyte
    month mosaic motic muestra multi myelo myeloid native neg negative neu neutrophil new next night nikon nine no node
    noise normal north not nov november now nucleus null number oben objective objekt objektträger oct october off oil okt
    old olympus on one online only open optic optical orange order ordner original ort other out outer overexposed overlay
    overview page paint panel panorama pantalla part patch path patient patients peripheral phase phone photo photos pic
    picture pictures pilot pink plain plasma plate platelet platelets pod point poly poor port pos positive pre
    preparation preview print pro probe processed profile project promyelocyte proof pseudonym public purple quality quick
    random range raw read ready rear rechts record red reference region remission repeat report repro resized result
    retake review right ring root round row run sample sang sangre sangue saturday save saved scale scaled scan scanned
    scanner scene scope score screen screenshot second section segmented sep september sequence series session set setup
    seven shot side silver single sinistra site six size slice slide slides small smear smears smudge snap snapshot south
    spare specimen split spot spring stack stage stain stained standard start step stitch stitched stop strip study
    subject sunday super tag tail target task temp template test thick thin third three thumb thumbnail thursday tile
    tiled time tip tissue title tone top total training trial true tube tuesday two type ultra unbenannt under unit
    unknown unnamed unten untitled upper use user validation vergrößerung version vetrino video view wash wednesday week
    west wet whats white whole wide wright year yellow young zeiss zelle zellen zero zone zoom échantillon écran
    """
)
